"""Real other sides for prices that are no web page: an MQTT broker, an SFTP server."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
import pytest

T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own: the other side lives on while the channel's loops come and go."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.start(work).result(60)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Loop]:
    """Where servers run."""
    made = Loop()
    yield made
    made.close()


MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
USER, PASSWORD = "shelf", "sehr-geheim"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as place:
        return int(place.getsockname()[1])


def _listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Mosquitto:
    """A broker of one's own that can be stopped and started again at the same place; it keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port, self._conf = _free_port(), folder / "own.conf"
        self._conf.write_text(f"persistence false\nuser {getpass.getuser()}\nlistener {self.port} 127.0.0.1\n"
                              "allow_anonymous true\n")  # fmt: skip

    def start(self) -> None:
        self._running = subprocess.Popen([MOSQUITTO, "-c", self._conf], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while not _listening(self.port):
            assert self._running.poll() is None, "the broker ended"
            assert time.monotonic() < until, "the broker does not listen"
            time.sleep(0.05)

    def stop(self) -> None:
        self._running.terminate()
        self._running.wait(30)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that a test may stop."""
    if MOSQUITTO is None:
        pytest.skip("there is no Mosquitto on this machine (apt install mosquitto)")
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The ports of a real MQTT broker: one for everybody, one for the user with the password."""
    if MOSQUITTO is None:
        pytest.skip("there is no Mosquitto on this machine (apt install mosquitto)")
    folder, ports = tmp_path_factory.mktemp("broker"), (_free_port(), _free_port())
    maker = Path(MOSQUITTO).with_name("mosquitto_passwd")
    maker = maker if maker.exists() else Path("/usr/bin/mosquitto_passwd")
    subprocess.run([maker, "-b", "-c", folder / "users", USER, PASSWORD], check=True, capture_output=True)
    (folder / "users").chmod(0o644)
    folder.chmod(0o755)
    (folder / "broker.conf").write_text(
        f"per_listener_settings true\npersistence false\nuser {getpass.getuser()}\n"
        f"listener {ports[0]} 127.0.0.1\nallow_anonymous true\n"
        f"listener {ports[1]} 127.0.0.1\nallow_anonymous false\npassword_file {folder / 'users'}\n"
    )
    running = subprocess.Popen([MOSQUITTO, "-c", folder / "broker.conf"], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not all(map(_listening, ports)):
            assert running.poll() is None, "the broker ended"
            assert time.monotonic() < until, "the broker does not listen"
            time.sleep(0.05)
        yield ports
    finally:
        running.terminate()
        running.wait(30)


class SftpPlace:
    """A real SFTP server on loopback that shows one folder to the user `till`."""

    def __init__(self, port: int, folder: Path, host_key: str, password: str) -> None:
        self.port, self.folder, self.host_key, self.password = port, folder, host_key, password


class _Doors(asyncssh.SSHServer):
    """Lets the user `till` in with a password."""

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("till", "geheim-und-lang")


@pytest.fixture
def sftp(elsewhere: Loop, tmp_path: Path) -> Iterator[SftpPlace]:
    """An SFTP server with an empty folder."""
    folder, key = tmp_path / "sftp", asyncssh.generate_private_key("ssh-ed25519")
    (folder / "prices").mkdir(parents=True)

    async def begin() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=_Doors, server_host_keys=[key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder)),
        )  # fmt: skip

    acceptor = elsewhere.do(begin())
    yield SftpPlace(acceptor.get_port(), folder / "prices", key.export_public_key().decode().strip(), "geheim-und-lang")

    async def end() -> None:
        acceptor.close()
        await acceptor.wait_closed()

    elsewhere.do(end())
