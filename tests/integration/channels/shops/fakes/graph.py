"""A GraphQL server that holds documents and variables against a published schema, and answers as Apollo does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLError, build_schema, execute_sync, parse, validate
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Refusal(GraphQLError):
    """An error with its code, as servers put it into `extensions`."""

    def __init__(self, message: str, code: str, **more: Any) -> None:
        super().__init__(message, extensions={"code": code, **more})


class GraphServer:
    """Serves one schema at one path; `guard` may turn a request away, `roots` resolves queries and mutations."""

    def __init__(
        self,
        schema: str,
        path: str,
        *,
        scalars: Mapping[str, Callable[[Any], Any]] | None = None,
        invalid_status: int = 400,
    ) -> None:
        self.schema = build_schema(schema)
        for name, check in (scalars or {}).items():
            self.schema.type_map[name].coerce_input_value = check
        self._invalid_status = invalid_status
        self.requests: list[tuple[str, Mapping[str, Any]]] = []
        self.app = Starlette(routes=[Route(path, self._serve, methods=["POST"])])

    def guard(self, request: Request) -> Response | None:
        """Turn the request away, or let it pass."""
        return None

    def roots(self, request: Request) -> Mapping[str, Callable[..., Any]]:
        """What resolves the fields of Query and Mutation."""
        raise NotImplementedError

    def answered(self, answer: dict[str, Any], document: str) -> Mapping[str, Any]:
        """What is added to every answer."""
        return answer

    def headers(self) -> Mapping[str, str]:
        """What is added to the headers of the answer."""
        return {}

    async def _serve(self, request: Request) -> Response:
        if (turned_away := self.guard(request)) is not None:
            return turned_away
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"errors": [{"message": "content-type must be application/json"}]}, 415)
        body = json.loads(await request.body())
        document, variables = body["query"], body.get("variables") or {}
        self.requests.append((document, variables))
        try:
            tree = parse(document)
            faults = validate(self.schema, tree)
        except GraphQLError as error:
            faults = [error]
        if faults:
            errors = [{"message": f.message, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}} for f in faults]
            return JSONResponse({"errors": errors}, self._invalid_status)
        result = execute_sync(self.schema, tree, dict(self.roots(request)), variable_values=variables)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [self._worded(error) for error in result.errors]
        status = self._invalid_status if result.data is None and _untold(result.errors) else 200
        return JSONResponse(self.answered(answer, document), status, headers=dict(self.headers()))

    @staticmethod
    def _worded(error: GraphQLError) -> Mapping[str, Any]:
        code = {"code": "BAD_USER_INPUT"} if error.original_error is None else {"code": "INTERNAL_SERVER_ERROR"}
        return {"message": error.message, "path": error.path, "extensions": error.extensions or code}


def _untold(errors: Any) -> bool:
    """Whether variables did not fit: nothing was executed."""
    return any(e.path is None for e in errors or [])
