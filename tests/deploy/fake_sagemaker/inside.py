"""moto without a socket, for the harness's own requests: there are thousands of
them, and half of the time of each is HTTP on loopback.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.test import EnvironBuilder, run_wsgi_app

APPLICATION = DomainDispatcherApplication(create_backend_app)


def shortened(client: Any) -> Any:
    """The client, whose requests moto's application gets from hand to hand."""
    client.meta.events.register_first("before-send", _answer)
    return client


def _answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    body = request.body or b""
    place = urlsplit(request.url)
    environ = EnvironBuilder(
        method=request.method,
        base_url=f"{place.scheme}://{place.netloc}",
        path=place.path,
        query_string=place.query,
        headers={
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        },
        data=body.read() if hasattr(body, "read") else body,
    ).get_environ()
    chunks, status, headers = run_wsgi_app(APPLICATION, environ, buffered=True)
    return AWSResponse(
        request.url,
        int(status.split()[0]),
        dict(headers),
        MockRawResponse(b"".join(chunks)),
    )
