"""The wire: AWS's JSON protocol and SageMaker's runtime, over HTTP on loopback.

A request is read, validated against the service model to the last letter,
answered by the operation's method or passed on to moto, and written down. An
operation that is neither here nor moto's fails the test that calls it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import threading
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from .errors import (
    AccessDeniedError,
    InternalError,
    ServiceError,
    ValidationError,
)
from .identity import Caller, Identities
from .images import Images
from .metrics import Metrics
from .runtime import Runtime
from .strict import check, check_answer, service_model

Body = dict[str, Any]
# None: moto answers
Operation = Callable[[Caller, Body], Body | None]

TARGETS = {
    "SageMaker": "sagemaker",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "GraniteServiceVersion20100801": "cloudwatch",
}


@dataclass(frozen=True)
class Call:
    """One request, as it came in and how it ended."""

    service: str
    operation: str
    account: str
    principal: str
    request: Body
    error: str = ""  # the code of the error answer


@dataclass
class Router:
    """What answers what."""

    identities: Identities
    moto_url: str
    runtime: Runtime
    metrics: Metrics
    images: Images
    sagemaker: Mapping[str, Operation]
    journal: list[Call] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)  # requests AWS refuses
    lock: threading.RLock = field(default_factory=threading.RLock)
    on_call: list[Callable[[Call], None]] = field(default_factory=list)

    def local(
        self, service: str, operation: str, request: Body
    ) -> Operation | None:
        """The method that answers here; None: moto does."""
        if service == "sagemaker":
            return self.sagemaker.get(operation, self._unknown(operation))
        if operation == "DescribeAlarms":
            return self._evaluated
        if operation == "GetMetricData" and self.metrics.answers(request):
            return self.metrics.get_metric_data
        return None

    def _evaluated(self, caller: Caller, request: Body) -> None:
        """Alarms are as they should be now; moto tells them."""
        self.metrics.evaluate(caller.account)

    def _unknown(self, operation: str) -> Operation:
        def refuse(caller: Caller, request: Body) -> Body:
            self.complaints.append(f"{operation} is not part of this harness")
            raise ValidationError(self.complaints[-1])

        return refuse

    def validate(self, service: str, operation: str, request: Body) -> None:
        """A request that the service would refuse fails the test, too."""
        problems = check(service_model(service), operation, request)
        if problems:
            self.complaints += problems
            raise ValidationError(
                f"{len(problems)} validation error(s) detected: "
                + "; ".join(problems)
            )

    def write_down(self, call: Call) -> None:
        self.journal.append(call)
        for listener in self.on_call:
            listener(call)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an ACK
    wbufsize = -1
    router: ClassVar[Router]  # set by whoever calls serve()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            target = self.headers.get("X-Amz-Target")
            if target is None:
                self._runtime(body)
            else:
                prefix, _, operation = target.partition(".")
                self._json(TARGETS[prefix], operation, body)
        except ServiceError as error:
            self._refuse(error)
        except Exception:
            self.router.complaints.append(traceback.format_exc())
            self._refuse(InternalError("the harness itself failed"))

    def log_message(self, format: str, *args: object) -> None:
        """The journal is the log."""

    # --- the JSON protocol

    def _json(self, service: str, operation: str, body: bytes) -> None:
        router = self.router
        caller = self._caller()
        request: Body = json.loads(body or b"{}")
        error = ""
        try:
            with router.lock:
                router.validate(service, operation, request)
                answer = self._answered(service, operation, caller, request)
        except ServiceError as refusal:
            error = refusal.code
            raise
        finally:
            router.write_down(
                Call(
                    service,
                    operation,
                    caller.account,
                    caller.arn,
                    request,
                    error,
                )
            )
        if answer is None:
            if operation == "PutImage":
                request = router.images.checked(caller, request)
            self._pass_on(json.dumps(request).encode())
        else:
            self._reply(200, json.dumps(answer).encode())

    def _answered(
        self, service: str, operation: str, caller: Caller, request: Body
    ) -> Body | None:
        method = self.router.local(service, operation, request)
        if method is None:
            return None
        answer = method(caller, request)
        if answer is None:
            return None
        problems = check_answer(service_model(service), operation, answer)
        if problems:
            raise RuntimeError(f"AWS would never answer this: {problems}")
        return answer

    def _caller(self) -> Caller:
        return self.router.identities.caller(
            self.headers.get("Authorization", "")
        )

    def _pass_on(self, body: bytes) -> None:
        """To moto, as it came; its answer back, as it is."""
        kept = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("host", "content-length", "connection")
        }
        request = urllib.request.Request(
            self.router.moto_url + self.path, body, kept, method="POST"
        )
        try:
            with urllib.request.urlopen(request) as reply:
                self._reply(reply.status, reply.read(), dict(reply.headers))
        except urllib.error.HTTPError as error:
            self._reply(error.code, error.read(), dict(error.headers))

    # --- InvokeEndpoint and InvokeEndpointAsync

    def _runtime(self, body: bytes) -> None:
        parts = self.path.strip("/").split("/")
        if len(parts) != 3 or parts[0] != "endpoints":
            raise AccessDeniedError(f"nothing answers {self.path}")
        caller, name = self._caller(), parts[1]
        headers = _canonical(dict(self.headers))
        with self.router.lock:
            if parts[2] == "async-invocations":
                operation, reply = "InvokeEndpointAsync", self._asynchronous
            else:
                operation, reply = "InvokeEndpoint", self._synchronous
            error = ""
            try:
                reply(caller, name, body, headers)
            except ServiceError as refusal:
                error = refusal.code
                raise
            finally:
                request = {"EndpointName": name}
                self.router.write_down(
                    Call(
                        "sagemaker-runtime", operation, caller.account,
                        caller.arn, request, error,
                    )
                )  # fmt: skip

    def _synchronous(
        self, caller: Caller, name: str, body: bytes, headers: Mapping[str, str]
    ) -> None:
        done = self.router.runtime.invoke(caller, name, body, headers)
        self._reply(
            200,
            done.answer.body,
            {
                "Content-Type": done.answer.content_type,
                "x-Amzn-Invoked-Production-Variant": done.variant,
            },
        )

    def _asynchronous(
        self, caller: Caller, name: str, body: bytes, headers: Mapping[str, str]
    ) -> None:
        done = self.router.runtime.invoke_async(caller, name, headers)
        self._reply(
            202,
            json.dumps({"InferenceId": done["InferenceId"]}).encode(),
            {
                "X-Amzn-SageMaker-OutputLocation": done["OutputLocation"],
                "X-Amzn-SageMaker-FailureLocation": done["FailureLocation"],
            },
        )

    # --- answers

    def _refuse(self, error: ServiceError) -> None:
        body = {"__type": error.code, "message": error.message, **error.fields}
        if error.fields:
            body["Message"] = error.message
        self._reply(
            error.status,
            json.dumps(body).encode(),
            {"x-amzn-ErrorType": error.code},
        )

    def _reply(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        sent = {
            "Content-Type": "application/x-amz-json-1.1",
            **dict(headers or {}),
        }
        for name, value in sent.items():
            hop = (
                "content-length",
                "connection",
                "transfer-encoding",
                "server",
            )
            if name.lower() not in (*hop, "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _canonical(headers: Mapping[str, str]) -> dict[str, str]:
    """One spelling of the names that the runtime looks for."""
    spellings = {
        name.lower(): name
        for name in (
            "Content-Type",
            "Accept",
            "X-Amzn-SageMaker-Custom-Attributes",
            "X-Amzn-SageMaker-Target-Variant",
            "X-Amzn-SageMaker-Inference-Id",
            "X-Amzn-SageMaker-InputLocation",
            "X-Amzn-SageMaker-Content-Type",
            "X-Amzn-SageMaker-Accept",
        )
    }
    return {
        spellings[name.lower()]: value
        for name, value in headers.items()
        if name.lower() in spellings
    }


class Server(ThreadingHTTPServer):
    """On a free port of loopback."""

    RequestHandlerClass: type[Handler]


def serve() -> Server:
    """A server in a thread of its own; its handler's router is to be set."""
    server = Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
