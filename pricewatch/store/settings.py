"""What [database] says: where pricewatch keeps everything it knows."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from pricewatch.located import Mistake, Secret, Section

_SQLITE = ("sqlite",)
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


class DatabaseSettings(Section):
    """The database: a file beside the configuration, or a PostgreSQL server."""

    url: str = "sqlite:///pricewatch.db"
    """Where the data is: `sqlite:///FILE` (a relative file counts from the project folder) or
    `postgresql://USER@HOST:PORT/DATABASE`, without a password. Default "sqlite:///pricewatch.db"."""

    password: Secret | None = None
    """The password of the PostgreSQL user. Default: none is sent."""

    wait: float = Field(default=30.0, ge=0, le=3_600)
    """How long a write waits for another process that writes, in seconds. Default 30."""

    connections: int = Field(default=5, ge=1, le=100)
    """The most connections to PostgreSQL that one process keeps open. Default 5."""

    @field_validator("url")
    @classmethod
    def _known_kind(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in (*_SQLITE, *_POSTGRESQL):
            raise Mistake(
                f"pricewatch keeps its data in SQLite or PostgreSQL, not {parts.scheme or 'this'!r}",
                'write "sqlite:///pricewatch.db" or "postgresql://USER@HOST/DATABASE"',
            )
        if parts.password:
            raise Mistake("a password does not stand in this file", 'write password = { env = "NAME" } beside the url')
        return url

    @property
    def sqlite(self) -> bool:
        """Whether the database is a file of our own."""
        return urlsplit(self.url).scheme in _SQLITE
