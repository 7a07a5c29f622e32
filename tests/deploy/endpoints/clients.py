"""What users of an endpoint do, and what others see of it.

SPDX-License-Identifier: Apache-2.0
"""

from endpoints import models

ROW = models.lines()[0]


def arguments(model, image, **options):
    """Of `claryctl register`."""
    found = [
        "--model", model.archive,
        "--golden", model.golden,
        "--labelled", models.LABELLED,
        "--evaluation", model.evaluation,
        "--image", image,
        "--commit", "0123456789abcdef",
        "--source", "https://git.example/housing",
    ]  # fmt: skip
    for name, value in options.items():
        found += [f"--{name.replace('_', '-')}", value]
    return found


def ask(accounts, stage, row=ROW, **more):
    """What a client of the endpoint gets."""
    runtime = accounts.world.sagemaker(
        accounts.number(stage), service="sagemaker-runtime"
    )
    answer = runtime.invoke_endpoint(
        EndpointName=accounts.config["endpoints"][stage]["name"],
        Body=row.encode(),
        ContentType="text/csv",
        Accept="text/csv",
        **more,
    )
    return float(answer["Body"].read())


def endpoint(accounts, stage):
    """The endpoint itself, without a call."""
    name = accounts.config["endpoints"][stage]["name"]
    return accounts.world.endpoint(accounts.number(stage), name)


def package(accounts, number):
    """DescribeModelPackage."""
    shared = accounts.number("shared_services")
    arn = f"arn:aws:sagemaker:eu-west-1:{shared}:model-package/housing/{number}"
    return accounts.world.sagemaker(shared).describe_model_package(
        ModelPackageName=arn
    )


def writes(accounts):
    """Requests that change something, since the journal was cleared."""
    reading = ("Describe", "List", "Get", "Batch", "Invoke", "Query")
    return [
        call.operation
        for call in accounts.world.router.journal
        if not call.operation.startswith(reading)
    ]


class Traffic:
    """Requests that come in while simulated time goes by: `rate` a tick, as
    long as one of the `when` fleets serves."""

    def __init__(self, accounts, stage, rate=2, rows=(ROW,)):
        self.accounts = accounts
        self.stage = stage
        self.rate = rate
        self.rows = rows
        self.sent = 0
        accounts.world.clock.on_tick(self.tick)

    def tick(self):
        world = self.accounts.world
        name = self.accounts.config["endpoints"][self.stage]["name"]
        account = self.accounts.number(self.stage)
        found = world.endpoints.all.get((account, name))
        if found is None or not found.live:
            return
        for _ in range(self.rate):
            row = self.rows[self.sent % len(self.rows)]
            self.sent += 1
            world.router.runtime.invoke(
                found.caller,
                name,
                row.encode(),
                {
                    "Content-Type": "text/csv",
                    "X-Amzn-SageMaker-Inference-Id": f"client-{self.sent}",
                },
            )
