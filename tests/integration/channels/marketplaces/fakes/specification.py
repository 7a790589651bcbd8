"""Requests and answers held against an official OpenAPI document."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

SPECS = Path(__file__).parents[6] / "shared" / "specs"


@cache
def document(name: str) -> Any:
    """The document, or a skip when it is not here."""
    yaml = pytest.importorskip("yaml", reason="needs PyYAML to read the official specification")
    path = SPECS / name
    if not path.is_file():
        pytest.skip(f"needs the official specification {name}")
    text = path.read_text("utf-8").replace("oneOf:", "anyOf:")  # alternatives are told apart by discriminators alone
    return json.loads(text) if name.endswith(".json") else yaml.load(text, Loader=yaml.CSafeLoader)


class Specification:
    """Checks what goes over the wire; paths below `base` that it does not describe are left to the fake."""

    def __init__(self, name: str, base: str = "") -> None:
        validators = pytest.importorskip("openapi_schema_validator", reason="needs openapi-schema-validator")
        self.document = document(name)
        self._base = base
        self._validator = validators.OAS30Validator
        self._routes = [(re.compile(_pattern(path)), path) for path in self.document["paths"]]
        self._own = tuple({f"/{path.split('/')[1]}/" for path in self.document["paths"]})
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, request: httpx.Request, response: httpx.Response) -> None:
        if (operation := self.requested(request)) is not None:
            self._answer(response, operation)

    def requested(self, request: httpx.Request) -> Any:
        """Insist that a request is as the document says; its operation, None = none of this document's."""
        path = request.url.raw_path.decode().partition("?")[0]
        matches = [(p, pattern.fullmatch(path[len(self._base) :])) for pattern, p in self._routes]
        found = [p for p, match in matches if match and path.startswith(self._base)]
        if not found:
            assert self._base or not path.startswith(self._own), f"{path} is not specified"
            return None
        values = next(match for p, match in matches if p == found[0] and match).groupdict()
        method = request.method.lower()
        operation = self.document["paths"][found[0]].get(method)
        assert operation is not None, f"{method} {found[0]} is not specified"
        self.seen.add((method, found[0]))
        shared = self.document["paths"][found[0]].get("parameters", [])
        parameters = [self.resolved(p) for p in [*shared, *operation.get("parameters", [])]]
        self._query(request, parameters)
        self._path_and_headers(request, parameters, values)
        self._accepts(request, operation)
        self._body(request, operation, parameters)
        return operation

    def resolved(self, value: Any) -> Any:
        while "$ref" in value:
            found = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def _query(self, request: httpx.Request, parameters: list[Any]) -> None:
        known = {p["name"]: p for p in parameters if p["in"] == "query"}
        sent = request.url.params
        assert set(sent) <= set(known), f"{request.url}: not specified: {set(sent) - set(known)}"
        missing = [p["name"] for p in parameters if p["in"] == "query" and p.get("required") and p["name"] not in sent]
        assert not missing, f"{request.url}: missing {missing}"
        for name in set(sent):
            self._parameter(known[name], sent.get_list(name))

    def _path_and_headers(self, request: httpx.Request, parameters: list[Any], values: dict[str, str]) -> None:
        named = dict(zip((p["name"] for p in parameters if p["in"] == "path"), values.values(), strict=False))
        for known in parameters:
            if known["in"] == "path":
                self._parameter(known, [unquote(named[known["name"]])])
            elif known["in"] == "header":
                given = request.headers.get(known["name"])
                assert given is not None or not known.get("required"), f"{request.url}: no header {known['name']}"
                if given is not None and known["name"].lower() not in {"content-type", "accept"}:
                    self._parameter(known, [given])

    def _accepts(self, request: httpx.Request, operation: Any) -> None:
        """A server may answer 406 where nothing that it has is accepted."""
        known = [self.resolved(answer).get("content", {}) for answer in operation["responses"].values()]
        has = {media for content in known for media in content}
        has |= set(operation.get("produces", self.document.get("produces", ())))
        accepted = {part.partition(";")[0].strip() for part in request.headers["accept"].split(",")}
        assert not has or has & accepted or "*/*" in accepted, f"{request.url}: accepts {accepted}, there is {has}"

    def _parameter(self, known: Any, values: list[str]) -> None:
        schema = self.resolved(known.get("schema", known))
        if schema.get("type") == "array":
            if known.get("collectionFormat") == "csv" or known.get("explode") is False:
                values = [part for value in values for part in value.split(",")]
            assert len(values) <= schema.get("maxItems", len(values)), f"{known['name']}: {len(values)} values"
            schema = self.resolved(schema["items"])
        for value in values:
            self.valid(int(value) if schema.get("type") == "integer" else value, schema)

    def _body(self, request: httpx.Request, operation: Any, parameters: list[Any]) -> None:
        swagger = [p for p in parameters if p["in"] == "body"]
        media = request.headers.get("content-type", "").partition(";")[0]
        if swagger:
            assert media in operation.get("consumes", self.document.get("consumes", ["application/json"]))
            self.valid(json.loads(request.content), swagger[0]["schema"])
        elif "requestBody" in operation:
            content = self.resolved(operation["requestBody"])["content"]
            assert media in content, f"{media} is not among {list(content)}"
            self.valid(json.loads(request.content), content[media]["schema"])
        else:
            assert not request.content, "a body is sent that is not specified"

    def _answer(self, response: httpx.Response, operation: Any) -> None:
        """A fake that answers what the real one never would proves nothing."""
        answers = operation["responses"]
        known = answers.get(str(response.status_code), answers.get("default"))
        if known is None or response.status_code in {401, 429}:
            return
        known = self.resolved(known)
        media = response.headers.get("content-type", "").partition(";")[0]
        schema = known.get("schema") or known.get("content", {}).get(media, {}).get("schema")
        if "content" in known:
            assert media in known["content"], f"the fake answers {media}, specified is {list(known['content'])}"
        if schema:
            self.valid(json.loads(response.content), schema)

    def valid(self, value: Any, schema: Any) -> None:
        """Insist that a value is as a schema of this document says."""
        defined = {k: self.document[k] for k in ("components", "definitions") if k in self.document}
        errors = list(self._validator({**schema, **defined}).iter_errors(value))
        assert not errors, f"{errors[0].message} at {list(errors[0].absolute_path)}"

    def named(self, value: Any, name: str) -> None:
        """Insist on a named schema, where a discriminator chooses it."""
        place = "components/schemas" if "components" in self.document else "definitions"
        self.valid(value, {"$ref": f"#/{place}/{name}"})


def _pattern(path: str) -> str:
    numbers = count()
    return re.sub(r"\\\{[^}]+\\\}", lambda _: f"(?P<p{next(numbers)}>[^/]+)", re.escape(path).rstrip("/")) + "/?"
