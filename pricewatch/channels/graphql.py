"""GraphQL over a shop's API: exact JSON, and the errors that come with status 200 sorted into what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from pricewatch.channels.api import WORDS_LIMIT, Api, Forbidden, NotThere, parse_json, render_json
from pricewatch.domain.errors import ChannelError, ChannelRefused, ChannelUnavailable, ChannelUnknown
from pricewatch.wire import Reply

Record: TypeAlias = Mapping[str, Any]

JSON = "application/json"
_RIGHTS = frozenset(
    {
        "ACCESS_DENIED",
        "ExpiredSignatureError",
        "FORBIDDEN",
        "INVALID_CREDENTIALS_ERROR",
        "InvalidTokenError",
        "JSONWebTokenError",
        "NO_VALID_CHANNEL",
        "CHANNEL_NOT_FOUND",
        "PermissionDenied",
        "UNAUTHENTICATED",
        "UNAUTHORIZED",
    }
)
_OURS = frozenset(
    {
        "BAD_USER_INPUT",
        "ENTITY_NOT_FOUND",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "GraphQLError",
        "MAX_COST_EXCEEDED",
        "USER_INPUT_ERROR",
        "ValidationError",
        "argumentLiteralsIncompatible",
        "undefinedField",
    }
)
"""Codes of requests that were turned down before anything was done."""


class Graph:
    """Documents to one endpoint: questions raise ChannelUnavailable, changes also ChannelRefused or ChannelUnknown."""

    def __init__(
        self, api: Api, name: str, path: str, *, watch: Callable[[Record], float | None] | None = None
    ) -> None:
        """`watch` sees every answer, and says for how many seconds one that is THROTTLED asks to wait."""
        self._api = api
        self._name = name
        self._path = path
        self._watch = watch

    async def ask(self, document: str, variables: Record | None = None) -> Record:
        """Read; the `data` of the answer."""
        try:
            return self._data(await self._api.ask(self._path, _body(document, variables), JSON), writes=False)
        except ChannelRefused as error:
            raise self._unclear(error.message, writes=False) from error

    async def change(self, document: str, variables: Record) -> Record:
        """Write; the `data` of the answer. Whatever is not clearly turned down as a whole is unknown."""
        try:
            reply = await self._api.write("POST", self._path, _body(document, variables), JSON)
        except NotThere as error:
            raise self._unclear(error.message, writes=False) from error  # nothing that could have done it
        return self._data(reply, writes=True)

    def malformed(self, what: str) -> ChannelUnavailable:
        """The error for an answer to a question that cannot be believed."""
        return ChannelUnavailable(
            f"answered with something that is no {what}",
            where=self._name,
            hint="check the channel's url; a proxy or a plug-in may stand in between",
        )

    def _data(self, reply: Reply, *, writes: bool) -> Record:
        try:
            answer = parse_json(reply.body)
        except ValueError:
            answer = None
        if not isinstance(answer, Mapping):
            raise self._unclear("answered with something that is no GraphQL answer", writes=writes)
        wait = self._watch(answer) if self._watch is not None else None
        if errors := answer.get("errors"):
            raise self._error(errors, answer.get("data"), wait, writes=writes)
        data = answer.get("data")
        if not isinstance(data, Mapping):
            raise self._unclear("answered without data", writes=writes)
        return data

    def _error(self, errors: object, data: object, wait: float | None, *, writes: bool) -> ChannelError:
        found = [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
        codes = {code_of(error) for error in found}
        said = words_of(found)
        if codes & _RIGHTS:
            hint = "check the channel's keys and what they may do, then `pricewatch channel test`"
            return Forbidden(f"refused our credentials: {said}", where=self._name, hint=hint)
        if codes == {"THROTTLED"} and not _anything(data):
            return ChannelUnavailable(f"asked us to wait: {said}", where=self._name, retry_after=wait)
        if codes and codes <= _OURS and not _anything(data):
            return ChannelRefused(said, where=self._name)
        return self._unclear(f"answered with an error: {said}", writes=writes)

    def _unclear(self, message: str, *, writes: bool) -> ChannelError:
        if writes:
            return ChannelUnknown(message, where=self._name)
        return ChannelUnavailable(message, where=self._name, hint="check the channel's url and its log")


def code_of(error: Record) -> str:
    """What kind of error it is, where servers put that."""
    extensions = error.get("extensions")
    if not isinstance(extensions, Mapping):
        return ""
    exception = extensions.get("exception")
    code = exception.get("code") if isinstance(exception, Mapping) else None
    return str(code or extensions.get("code") or "")


def words_of(errors: Sequence[object]) -> str:
    """The shop's own words from a list of errors."""
    said = [str(error.get("message") or "no reason given") for error in errors if isinstance(error, Mapping)]
    return "; ".join(said)[:WORDS_LIMIT] or "no reason given"


def words(body: bytes) -> str:
    """The shop's own words from the body of an error; `errors` may also be plain text."""
    answer = parse_json(body)
    errors = answer.get("errors") or answer.get("message") or ""
    return words_of(errors) if isinstance(errors, list) else str(errors)


def records(value: object) -> list[Record]:
    """A list of objects as it should be; anything else in it is left out."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def record(value: object) -> Record:
    """An object, or an empty one where there is none."""
    return value if isinstance(value, Mapping) else {}


def _anything(data: object) -> bool:
    return isinstance(data, Mapping) and any(value is not None for value in data.values())


def _body(document: str, variables: Record | None) -> bytes:
    return render_json({"query": document, "variables": variables or {}})
