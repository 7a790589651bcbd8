"""ASGI apps on loopback, each on a free port of its own, in threads that end when the block ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
START_SECONDS = 20
STOP_SECONDS = 5

MakeApp = Callable[[str], ASGIApp]


@contextmanager
def serving_all(apps: Mapping[str, MakeApp]) -> Iterator[Mapping[str, str]]:
    """Serve every app until the block ends; yields each one's address by name."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(serving(make)) for name, make in apps.items()}


@contextmanager
def serving(make: MakeApp) -> Iterator[str]:
    """Serve one app on a free loopback port until the block ends; yields its address."""
    with _listener() as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        server = uvicorn.Server(_config(make(address)))
        thread = Thread(target=_run, args=(server, listener), name=f"demo {address}", daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield address
        finally:
            server.should_exit = server.force_exit = True
            thread.join(STOP_SECONDS)


def _listener() -> socket.socket:
    """A listening socket whose protocol is named: only then does asyncio switch Nagle's delay off."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((HOST, 0))
    listener.listen(128)
    return listener


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",  # the hanging page is cancelled at the end: no news
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=0,
    )


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve in this thread; signals stay with the main thread, which ends the server itself."""
    asyncio.run(server.serve(sockets=[listener]))


def _wait_until_started(server: uvicorn.Server, thread: Thread) -> None:
    pause = 0.01
    for _ in range(int(START_SECONDS / pause)):
        if server.started:
            return
        thread.join(pause)
        if not thread.is_alive():
            break
    raise RuntimeError("a server of the demo did not start")
