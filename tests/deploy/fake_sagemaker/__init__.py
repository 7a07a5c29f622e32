"""A SageMaker to test against: as strict as the real one, on loopback.

Written from what AWS documents (the service model in botocore, the API
reference, the developer guide), not from what claryctl does; test_harness_*.py
check it against that documentation.

    world        five accounts: moto, this, and what connects them
    server       the wire: AWS JSON and the runtime; strict validates
    registry     model package groups and versions; policy decides who may
    hosting      models and endpoint configurations; rules says what is refused
    endpoints    endpoints as a state machine; deployment has its programs
    instances    the real clary program behind each variant
    runtime      weights, target variants, shadows; capture writes data capture
    metrics      what CloudWatch would see; evaluates alarms
    lineage      contexts, artifacts, actions, and queries over them
    pipelines    training pipelines, whose steps really run; expressions is the
                 language of their definitions, jobs runs a step
    transform    batch transform jobs, through the real clary program
    events       what lands on EventBridge (moto's)
    images       what moto's ECR does not check
    inside       moto without a socket, for the harness's own requests

Simulated time (clock) moves only when a test says so, or by
`endpoints.seconds_per_describe` for each DescribeEndpoint, so that a program
that polls sees hours go by in milliseconds.

SPDX-License-Identifier: Apache-2.0
"""

from .world import World

__all__ = ["World"]
