"""What runs for long: the daemon, the web server, the demo."""

from __future__ import annotations

import re
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import OK, Call, command
from pricewatch.cli.opening import opened
from pricewatch.domain.errors import UsageError

if TYPE_CHECKING:
    from pricewatch.config import Config


_TokenName = Annotated[str, options.argument("NAME", "Who asks, such as a shop or a person.")]


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "daemon")(daemon)
    command(app, "serve")(serve)
    command(app, "token")(token)
    command(app, "demo")(demo)


def daemon(call: Call, *, tick: options.Tick = 5.0, health_file: options.HealthFile = None) -> int:
    """Do everything in [schedule] when it is due, until SIGTERM or Ctrl-C; one daemon a shop."""
    from pricewatch.bootstrap import open_app
    from pricewatch.daemon import Daemon, set_up_logs, signals
    from pricewatch.worker import HEALTH_FILE, Agenda, RuleWatch, jobs_of

    with opened(call) as app:
        jobs = jobs_of(app.config)
        if not jobs:
            raise UsageError("there is nothing to do", where="config.toml", hint="add a [schedule.NAME] section")
        set_up_logs(app.config)
        agenda = Agenda(jobs, app.bench.store.runs, also=RuleWatch(app.config))
        runner = Daemon(
            agenda, app.bench.store, partial(open_app, call.config), clock=app.bench.clock,
            health=health_file or app.folder / HEALTH_FILE, tick=tick,
        )  # fmt: skip
        with signals(runner):
            runner.run()
    return OK


def serve(
    call: Call, *, host: options.Host = "", port: options.Port = None, health_file: options.HealthFile = None
) -> int:
    """Serve feeds, prices and health over HTTP; only to this machine unless [web] has a token."""
    from pricewatch.web.app import LOOPBACK_NAMES, build_app
    from pricewatch.web.guard import Pass
    from pricewatch.web.server import listen
    from pricewatch.web.server import serve as serve_on
    from pricewatch.worker import HEALTH_FILE

    with opened(call) as app:
        web = app.config.web
        address = host or web.host
        passes = [Pass(each.hash, frozenset(each.scope)) for each in web.tokens.values()]
        passes += [Pass.of(web.token.reveal())] if web.token else []
        if not passes and not _loopback(address):
            raise UsageError(
                f"other machines can reach {address}, and no token guards it",
                hint='set token = { env = "PRICEWATCH_TOKEN" } in [web], or use --host 127.0.0.1',
            )
        application = build_app(
            app.bench.store, app.bench.clock, groups=app.bench.groups,
            feeds=_feeds(app.config), health_file=health_file or app.folder / HEALTH_FILE, passes=passes,
            hosts=LOOPBACK_NAMES | {address.lower()},
        )  # fmt: skip
        with listen(address, web.port if port is None else port) as sock:
            shown = f"[{address}]" if ":" in address else address
            call.out.say(
                f"listening on http://{shown}:{sock.getsockname()[1]}/ (health, lookup, prices, feeds); Ctrl-C ends it"
            )
            serve_on(application, sock)
    return OK


def token(call: Call, name: _TokenName) -> int:
    """Make a token for somebody who pulls prices: it is shown once, and only its hash goes into config.toml."""
    from pricewatch.web.guard import hash_of

    if not re.fullmatch("[a-z0-9][a-z0-9_-]*", name):
        raise UsageError(f"{name!r} is no name for a token", hint="small letters, digits, - and _, such as shop-2")
    made = token_urlsafe(32)
    call.out.record("token", {"name": name, "token": made, "hash": hash_of(made)})
    words = f'[web.tokens.{name}] with hash = "{hash_of(made)}" and, for a part of it, scope = ["prices"]'
    return call.finish(f"to let it in, add {words}", next_step="pricewatch serve")


def _loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _feeds(config: Config) -> dict[str, Path]:
    """The feed files by channel name, compressed variants under the name and `.gz`, deltas under `.delta` and their
    notes under `.delta.json`.
    """
    from pricewatch.channels.feed_delta import delta_file, delta_note

    paths = {name: getattr(channel, "path", None) for name, channel in config.channels.items()}
    files = {name: config.folder / path for name, path in paths.items() if path}
    for name in [name for name in files if getattr(config.channels[name], "delta", False)]:
        files |= {f"{name}.delta": delta_file(files[name]), f"{name}.delta.json": delta_note(files[name])}
    packed = [name for name in files if getattr(config.channels.get(name), "gzip", False)]
    return files | {f"{name}.gz": files[name].with_name(f"{files[name].name}.gz") for name in packed}


def demo(call: Call, *, folder: options.DemoFolder = Path("demo-shop")) -> int:
    """Play a small market on this machine from catalogue to verified prices."""
    from pricewatch.demo.story import run_demo

    call.progress.stop()
    return run_demo(folder)
