"""A folder that files are dropped into: on this machine, or on an SFTP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from pricewatch.channels.filing import beside, put, settle
from pricewatch.channels.offline.settings import TillSettings
from pricewatch.domain.errors import ChannelUnavailable, ConfigError

if TYPE_CHECKING:
    import asyncssh

FILE_LIMIT = 512 * 1024 * 1024
SSH_PORT = 22


class Folder(Protocol):
    """Files by name, opened for one exchange."""

    async def names(self) -> frozenset[str]: ...
    async def read(self, name: str) -> bytes: ...
    async def put(self, name: str, content: bytes) -> None:
        """Write a file; whoever looks sees none or all of it."""
        ...

    async def remove(self, name: str) -> None: ...


class LocalFolder:
    """A folder of this machine, a mounted one among them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def names(self) -> frozenset[str]:
        """All files there."""
        return frozenset(file.name for file in self._path.iterdir()) if self._path.is_dir() else frozenset()

    async def read(self, name: str) -> bytes:
        """The content of a file."""
        return (self._path / name).read_bytes()

    async def put(self, name: str, content: bytes) -> None:
        """Write a file."""
        self._path.mkdir(parents=True, exist_ok=True)
        with beside(self._path / name) as (stream, fresh):
            stream.write(content)
            settle(stream)
            put(fresh, self._path / name)

    async def remove(self, name: str) -> None:
        """Remove a file, if it is still there."""
        (self._path / name).unlink(missing_ok=True)


class SftpFolder:
    """A folder of an SFTP server."""

    def __init__(self, client: asyncssh.SFTPClient, path: str) -> None:
        self._client = client
        self._path = path.rstrip("/") or "."

    async def names(self) -> frozenset[str]:
        """All files there."""
        return frozenset(str(name) for name in await self._client.listdir(self._path))

    async def read(self, name: str) -> bytes:
        """The content of a file."""
        async with self._client.open(f"{self._path}/{name}", "rb") as file:
            return await file.read(FILE_LIMIT)

    async def put(self, name: str, content: bytes) -> None:
        """Write a file under another name first."""
        part = f"{self._path}/.{name}.part"
        async with self._client.open(part, "wb") as file:
            await file.write(content)
        await self._client.posix_rename(part, f"{self._path}/{name}")

    async def remove(self, name: str) -> None:
        """Remove a file, if it is still there."""
        if await self._client.exists(f"{self._path}/{name}"):
            await self._client.remove(f"{self._path}/{name}")


@asynccontextmanager
async def folder_of(name: str, settings: TillSettings, project: Path) -> AsyncIterator[Folder]:
    """The folder of a till for one exchange; raises ChannelUnavailable for whatever goes wrong with it."""
    try:
        async with asyncio.timeout(settings.timeout):
            if settings.folder is not None:
                yield LocalFolder(project / settings.folder)
            else:
                async with _sftp(name, settings, project) as folder:
                    yield folder
    except TimeoutError as error:
        message = f"the folder did not answer within {settings.timeout:g} s"
        raise ChannelUnavailable(message, where=name, hint="check the server and the way to it") from error
    except OSError as error:
        message = f"{error.filename or 'the folder'}: {error.strerror or error}"
        hint = "check the folder, its permissions and the free space"
        raise ChannelUnavailable(message, where=name, hint=hint) from error


@asynccontextmanager
async def _sftp(name: str, settings: TillSettings, project: Path) -> AsyncIterator[Folder]:
    try:
        import asyncssh
    except ImportError as error:
        hint = "in the folder of pricewatch's source: pip install '.[sftp]'"
        raise ChannelUnavailable("SFTP needs a library that is not installed", where=name, hint=hint) from error
    server = urlsplit(settings.sftp)
    hint = "check sftp, host_key, and password or key_file of the channel"
    try:
        trusted = asyncssh.import_public_key(settings.host_key)
        password = settings.password.reveal() if settings.password else None
        async with (
            asyncssh.connect(
                server.hostname or "",
                server.port or SSH_PORT,
                username=unquote(server.username or ""),
                password=password,
                client_keys=[str(project / settings.key_file)] if settings.key_file else None,
                known_hosts=([trusted], [], []),
                agent_path=None,
                config=None,
            ) as connection,
            connection.start_sftp_client() as client,
        ):
            yield SftpFolder(client, unquote(server.path).removeprefix("/./") or ".")
    except ConfigError as error:
        missing = error.problems[0]
        raise ChannelUnavailable(f"{missing.file}: {missing.message}", where=name, hint=missing.hint) from error
    except (asyncssh.Error, asyncssh.KeyImportError) as error:
        raise ChannelUnavailable(f"{server.hostname}: {error}", where=name, hint=hint) from error
