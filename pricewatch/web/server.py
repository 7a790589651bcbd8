"""Serve the web application on a socket of this machine."""

from __future__ import annotations

import signal
import socket

import uvicorn
from starlette.types import ASGIApp

from pricewatch.domain.errors import PricewatchError


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen; raises PricewatchError when the address is taken or not ours. Port 0 chooses a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PricewatchError(
            f"can't listen there: {reason}", where=f"{host}:{port}", hint="choose another --port or --host"
        ) from error


def serve(app: ASGIApp, sock: socket.socket) -> None:
    """Answer requests until SIGTERM or SIGINT; requests under way are finished."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False, limit_concurrency=200,
        timeout_keep_alive=5, timeout_graceful_shutdown=10, lifespan="off",
    )  # fmt: skip
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, signal.SIG_IGN)  # uvicorn puts its own in front, and raises them again when it ends
    try:
        uvicorn.Server(config).run(sockets=[sock])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
