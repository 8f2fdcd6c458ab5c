"""A WSGI app that answers with its process id."""

import os
from collections.abc import Callable, Iterable


def app(
    environ: dict[str, object],  # noqa: ARG001
    start_response: Callable[..., object],
) -> Iterable[bytes]:
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
