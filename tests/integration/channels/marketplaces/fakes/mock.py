"""A server made of an official OpenAPI document alone: it knows no marketplace, only what the document allows.

Requests are held against the document, and answered with whatever its schemas let a server say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
from market_fakes.specification import Specification

DEEP = 6
WHOLE, BARE, NULLS, MIXED, SAME = "whole", "bare", "nulls", "mixed", "same"
_TEXTS = {
    "date-time": "2026-03-02T08:00:00Z",
    "date": "2026-03-02",
    "uuid": "641c73fe-aef0-a828-1a3d-11f8641c73fe",
    "uri": "https://market.test/somewhere",
    "url": "https://market.test/somewhere",
}


class Dictated:
    """Answers as schemas say: all that they have, only what they require, null wherever they allow it, a mixture of
    these, or all that they have and always the same.
    """

    def __init__(self, specification: Specification, manner: str, seed: int) -> None:
        self._specification, self._manner, self._random = specification, manner, Random(f"{manner} {seed}")

    def of(self, schema: Any, depth: int = 0) -> Any:
        """A value that a schema allows."""
        schema = self._specification.resolved(schema)
        if self._nullable(schema):
            return None
        if "anyOf" in schema or "oneOf" in schema:
            return self.of(self._random.choice(schema.get("anyOf") or schema["oneOf"]), depth)
        if "allOf" in schema:
            parts = [self._specification.resolved(part) for part in schema["allOf"]]
            properties = {k: v for part in [*parts, schema] for k, v in part.get("properties", {}).items()}
            required = [name for part in [*parts, schema] for name in part.get("required", ())]
            return self._record({"properties": properties, "required": required}, depth)
        if "enum" in schema:
            return self._random.choice([value for value in schema["enum"] if value is not None])
        match schema.get("type"):
            case "array":
                return self._list(schema, depth)
            case "integer" | "number" | "boolean" | "string" as kind:
                return self._plain(kind, schema)
            case _:
                return self._record(schema, depth)

    def _nullable(self, schema: Mapping[str, Any]) -> bool:
        may = schema.get("nullable") or schema.get("x-nullable")
        return bool(may) and (self._manner == NULLS or (self._manner == MIXED and self._random.random() < 0.5))

    def _list(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        if self._manner == BARE or depth > DEEP:
            return [self.of(schema["items"], depth + 1) for _ in range(least)]
        return [self.of(schema["items"], depth + 1) for _ in range(max(least, 2))]

    def _record(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        known, required = schema.get("properties", {}), set(schema.get("required", ()))
        left_out = {n for n in known if n not in required and not self._says(depth)}
        return {name: self.of(of, depth + 1) for name, of in known.items() if name not in left_out}

    def _says(self, depth: int) -> bool:
        """Whether something optional is said."""
        return self._manner != BARE and depth <= DEEP and (self._manner != MIXED or self._random.random() < 0.7)

    def _plain(self, kind: str, schema: Mapping[str, Any]) -> Any:
        if "example" in schema and self._random.random() < 0.5 and not isinstance(schema["example"], dict | list):
            given = schema["example"]
            fits = {"string": str, "integer": int, "number": (int, float), "boolean": bool}[kind]
            if isinstance(given, fits) and isinstance(given, bool) == (kind == "boolean"):
                return given
        low, high = schema.get("minimum", 0), schema.get("maximum", 10_000)
        match kind:
            case "boolean":
                return self._random.random() < 0.5
            case "integer":
                return self._random.randint(int(low), max(int(low), int(high)))
            case "number":
                return round(self._random.uniform(float(low), max(float(low), float(high))), 2)
            case _:
                return self._text(schema)

    def _text(self, schema: Mapping[str, Any]) -> str:
        text = _TEXTS.get(schema.get("format", ""), self._random.choice(["12.34", "text", "PLN", "1000"]))
        return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 99)]


class Mock(httpx.AsyncBaseTransport):
    """Holds every request against the documents and answers as they say; tokens are given to whoever asks.

    `dated` is the time that it calls now; `most` is how many requests one job may take before it is an endless one.
    """

    def __init__(self, specifications: Sequence[Specification], manner: str, seed: int, most: int) -> None:
        self._says = [(known, Dictated(known, manner, seed)) for known in specifications]
        self._same: dict[int, object] | None = {} if manner == SAME else None
        self.left = most
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self.left -= 1
        assert self.left >= 0, f"there is no end of requests: {request.method} {request.url}"
        if request.url.path.endswith("/token"):
            return _answer({"access_token": "token", "token_type": "bearer", "expires_in": 43_199})
        for known, dictated in self._says:
            if (operation := known.requested(request)) is not None:
                return self._answered(known, operation, dictated)
        assert request.url.path == "/somewhere", f"{request.method} {request.url} is not specified"
        return httpx.Response(200, stream=httpx.ByteStream(body))

    def _answered(self, known: Specification, operation: Any, dictated: Dictated) -> httpx.Response:
        status = min(code for code in operation["responses"] if code.startswith("2"))
        said = known.resolved(operation["responses"][status])
        media, content = next(iter(said.get("content", {}).items()), ("application/json", said))
        if self._same is None:
            return _answer(dictated.of(content["schema"]), int(status), media)
        value = self._same.setdefault(id(operation), dictated.of(content["schema"]))
        return _answer(value, int(status), media)


def _answer(value: object, status: int = 200, media: str = "application/json") -> httpx.Response:
    content = httpx.ByteStream(json.dumps(value).encode())
    return httpx.Response(status, headers={"content-type": media}, stream=content)
