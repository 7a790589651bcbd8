"""What the keys of configuration models mean: the docstring behind each attribute, read from the source when asked.

Reading them whenever a model is made would cost every start of the program a third of a second.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any, get_args

from pydantic import BaseModel


def with_meanings(model: type[BaseModel]) -> None:
    """Give a model and all that it is made of the meanings of their keys, for tables and schemas."""
    _describe(model, set())


def _describe(model: type[BaseModel], done: set[type[BaseModel]]) -> None:
    if model in done:
        return
    done.add(model)
    for field in model.model_fields.values():
        for part in _models(field.annotation):
            _describe(part, done)
    for name, field in model.model_fields.items():
        field.description = field.description or _meaning(model, name)
    model.model_rebuild(force=True)


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from _models(inner)


def _meaning(model: type[BaseModel], name: str) -> str | None:
    """The docstring of an attribute where it is declared, in the model or what it inherits from."""
    for each in model.__mro__:
        module = inspect.getmodule(each)
        if module is not None and name in inspect.get_annotations(each):
            return _docstrings(module).get((each.__qualname__, name))
    return None


@cache
def _docstrings(module: ModuleType) -> Mapping[tuple[str, str], str]:
    tree = ast.parse(inspect.getsource(module))
    return {
        (part.name, said.target.id): inspect.cleandoc(told.value.value)
        for part in ast.walk(tree)
        if isinstance(part, ast.ClassDef)
        for said, told in zip(part.body, part.body[1:], strict=False)
        if isinstance(said, ast.AnnAssign)
        and isinstance(said.target, ast.Name)
        and isinstance(told, ast.Expr)
        and isinstance(told.value, ast.Constant)
        and isinstance(told.value.value, str)
    }
