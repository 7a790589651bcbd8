"""The one error tree.

PricewatchError            exit 1
├── UsageError             exit 2   the call's words are off
├── ConfigError            exit 2   one or more located problems in TOML, environment or secrets
├── MoneyError             exit 1   an amount or currency that cannot be meant
├── FetchError             exit 1   a page could not be had; `kind` says why
├── StoreError             exit 1   the database is full, busy, broken or of another version
├── ChannelError           exit 1   a channel did not do what was asked
│   ├── ChannelRefused              it said no, in its own words; do not retry as is
│   ├── ChannelUnknown              no answer worth believing: read before writing again
│   └── ChannelUnavailable          credentials, rate or outage: the whole channel waits
├── PublishingStopped      exit 1   the kill switch is on
├── BreakerTripped         exit 1   the run is abnormal; a person decides
├── NotApproved            exit 1   apply was asked for what nobody approved
└── Locked                 exit 5   another process does this job now

Every message says what is wrong, where, and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Problem:
    """One located mistake in a file that a person wrote; line and column count from 1, 0 = whole file."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    source_line: str = ""

    def render(self) -> str:
        """Show the problem as `file:line:column: message` with the line, a caret and a hint."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        lines = [f"{place}: {self.message}"]
        if self.source_line:
            caret = "".join("\t" if c == "\t" else " " for c in self.source_line[: self.column - 1])
            lines += [f"  {self.source_line}", f"  {caret}^"]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class PricewatchError(Exception):
    """Something went wrong that the user can act on; `str()` is what, where and what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        self.message = message
        self.where = where
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class UsageError(PricewatchError):
    """The command was called with words that do not fit."""

    exit_code = 2


class ConfigError(PricewatchError):
    """The configuration has mistakes; all of them are listed at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(p.render() for p in self.problems))


class MoneyError(PricewatchError, ValueError):
    """An amount, rate or currency cannot be meant."""


class FetchErrorKind(StrEnum):
    """Why a page could not be had."""

    ADDRESS = "address"
    ROBOTS = "robots"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TLS = "tls"
    TOO_LARGE = "too_large"
    REDIRECT = "redirect"
    HTTP_STATUS = "http_status"
    BLOCKED = "blocked"  # the host refuses us
    PAUSED = "paused"  # the host is left alone for a while: it was not asked
    DECODING = "decoding"
    PARSER = "parser"


class FetchError(PricewatchError):
    """A page could not be had; `kind` sorts the cause, `retry_after` is in seconds when the host said so."""

    def __init__(
        self,
        message: str,
        *,
        kind: FetchErrorKind,
        where: str = "",
        hint: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.kind = kind
        self.status = status
        self.retry_after = retry_after


class StoreError(PricewatchError):
    """The database cannot do what was asked."""


class ChannelError(PricewatchError):
    """A sales channel did not do what was asked."""


class ChannelRefused(ChannelError):
    """The channel said no; its own words are in the message."""


class ChannelUnknown(ChannelError):
    """The channel gave no answer worth believing: it may or may not have applied the price."""


class ChannelUnavailable(ChannelError):
    """The channel cannot be used now: credentials, rate limit or outage; `retry_after` in seconds if known."""

    def __init__(self, message: str, *, where: str = "", hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.retry_after = retry_after


class PublishingStopped(PricewatchError):
    """The kill switch is on: nothing is published until `pricewatch resume`."""


class BreakerTripped(PricewatchError):
    """A whole-run breaker stopped the plan; a person looks and decides."""


class NotApproved(PricewatchError):
    """Only approved decisions are published."""


class Locked(PricewatchError):
    """Another pricewatch process holds the lock."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class SetAside:
    """One item that a batch could not use: the batch goes on, the item is counted and reported."""

    stage: str
    item: str
    reason: str
    where: str = ""
    hint: str = ""
