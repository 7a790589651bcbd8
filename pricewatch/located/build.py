"""Models from documents: every mistake at its place, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.located.document import Document
from pricewatch.located.models import FOLDER, NOT_HERE, Mistake, Secret
from pricewatch.located.positions import Path
from pricewatch.located.wording import did_you_mean, listed, words

T = TypeVar("T")


def build(model: type[T], document: Document, at: Path = ()) -> T:
    """Validate the table at `at` (missing = empty) as `model`; raises ConfigError with all problems in file order."""
    found = salvage(model, document, at)
    if found.problems or found.value is None:
        raise ConfigError(found.problems)
    return found.value


@dataclass(frozen=True, slots=True)
class Salvage(Generic[T]):
    """What is right in a document: a model of it, None when nothing is; the document that it was made of, without the
    tables and entries in which something is wrong; and all problems in file order.
    """

    value: T | None
    document: Document
    problems: Sequence[Problem]


def salvage(model: type[T], document: Document, at: Path = ()) -> Salvage[T]:
    """Validate the table at `at` as `model`, again and again without what is wrong in it, so that what only shows once
    the rest is right is told as well.
    """
    problems: list[Problem] = []
    left_out: set[Path] = set()
    value, found = _validated(model, document, at)
    while found and () not in left_out:
        problems += _problems(found, document)
        faulty = {_part(one.path, document) for one in found}
        document, left_out = document.without(faulty), left_out | faulty
        value, found = _validated(model, document, at)
        found = [one for one in found if not any(part[: len(one.path)] == one.path for part in left_out)]
    return Salvage(value, document, sorted(problems, key=lambda problem: (problem.line, problem.column)))


def _part(path: Path, document: Document) -> Path:
    """What is left out for a mistake: an entry of a list or a table within a section, else the section or key; nothing
    for a mistake of the whole file.
    """
    if document.value(path[:1]) is None:
        return ()
    inner = path[:2] if len(path) > 1 else ()
    return inner if inner and isinstance(document.value(inner), dict) else path[:1]


def _validated(model: type[T], document: Document, at: Path) -> tuple[T | None, list[_Found]]:
    raw = document.value(at)
    context = {FOLDER: document.folder} if document.folder is not None else {}
    kind: Any = model
    try:
        return cast("T", _adapter(kind).validate_python({} if raw is None else raw, context=context)), []
    except ValidationError as error:
        return None, [_located(details, model, at) for details in error.errors(include_url=False)]


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


@dataclass(frozen=True, slots=True)
class _Found:
    """One validation error at a path of the document; `names` are the keys that are known in its table.

    `secret` is the path of the secret that it is in, `is_key` says that the key itself is wrong.
    """

    path: Path
    type: str
    message: str
    hint: str
    names: tuple[str, ...]
    secret: Path | None
    is_key: bool = False

    @property
    def name(self) -> str:
        return str(self.path[-1]) if self.path else ""


def _located(error: ErrorDetails, model: Any, at: Path) -> _Found:
    walk = _Walk((model,))
    last = len(error["loc"]) - 1
    for index, part in enumerate(error["loc"]):
        if index == last and error["type"] in {"missing", "extra_forbidden"}:
            walk.path = (*walk.path, part)
        else:
            walk.step(part)
    path = walk.path
    raised = error.get("ctx", {}).get("error")
    if isinstance(raised, Mistake):
        path = (*path, *raised.at)
    if error["type"].startswith("union_tag"):
        path = (*path, error["ctx"]["discriminator"].strip("'"))
    kind = "missing" if error["type"] == "union_tag_not_found" else error["type"]
    message, hint = ("", "") if kind in {"missing", "extra_forbidden"} else words(error)
    if kind == "extra_forbidden" and walk.has_secrets():
        walk.secret = path  # most likely a secret's key, mistyped
    secret = None if walk.secret is None else (*at, *walk.secret)
    return _Found((*at, *path), kind, message, hint, walk.names(), secret, "[key]" in error["loc"][-1:])


class _Walk:
    """Follows an error's location through the annotations, so that union tags are told from keys."""

    def __init__(self, kinds: tuple[Any, ...]) -> None:
        self.kinds = tuple(alternatives(*kinds))
        self.path: Path = ()
        self.secret: Path | None = None

    def step(self, part: str | int) -> None:
        narrowed = tuple(kind for kind in self.kinds if _tagged(kind, part))
        if len(self.kinds) > 1 and narrowed:
            self.kinds = narrowed
            return
        inner = tuple(alternatives(*(kind for outer in self.kinds for kind in _member(outer, part))))
        if inner:
            self.kinds, self.path = inner, (*self.path, part)
            if Secret in inner:
                self.secret = self.path

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for kind in self.kinds if _is_model(kind) for name in _fields(kind)))

    def has_secrets(self) -> bool:
        fields = (field for kind in self.kinds if _is_model(kind) for field in _fields(kind).values())
        return any(Secret in alternatives(field.annotation) for field in fields)


def alternatives(*kinds: Any) -> Iterator[Any]:
    """The plain alternatives of annotations: without Annotated and Union."""
    for kind in kinds:
        origin = get_origin(kind)
        if origin is Annotated:
            yield from alternatives(get_args(kind)[0])
        elif origin in {Union, UnionType}:
            yield from alternatives(*get_args(kind))
        else:
            yield kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _tagged(kind: Any, tag: str | int) -> bool:
    """Say whether one of a model's Literal fields is this tag: so it is the union member that was meant."""
    return _is_model(kind) and any(
        get_origin(field.annotation) is Literal and tag in get_args(field.annotation)
        for field in _fields(kind).values()
    )


def _member(kind: Any, part: str | int) -> tuple[Any, ...]:
    if _is_model(kind):
        field = _fields(kind).get(str(part))
        return (field.annotation,) if field is not None else ()
    arguments = get_args(kind)
    origin = get_origin(kind)
    if not isinstance(origin, type) or part == "[key]":
        return ()
    if issubclass(origin, Mapping):
        return arguments[1:]
    return arguments[:1] if issubclass(origin, (Sequence, set, frozenset)) and isinstance(part, int) else ()


def _problems(found: Sequence[_Found], document: Document) -> list[Problem]:
    merged: dict[Path, list[_Found]] = {}
    for one in found:
        merged.setdefault(one.path, []).append(one)
    meant = {(*one.path[:-1], _near(one)) for one in found if one.type == "extra_forbidden"}
    merged = {
        path: same for path, same in merged.items() if not (_mistyped(same[0], meant) or _counted(same[0], merged))
    }
    return [_problem(same, document) for same in merged.values()]


def _near(one: _Found) -> str:
    return did_you_mean(one.name, one.names)


def _mistyped(one: _Found, meant: set[Path]) -> bool:
    """A key that is missing only because it is mistyped is reported once, where it stands."""
    return one.type == "missing" and one.path in meant


def _counted(one: _Found, merged: Mapping[Path, object]) -> bool:
    """A list that counts as too short only because of wrong entries."""
    return one.type == "too_short" and any(path[: len(one.path)] == one.path != path for path in merged)


def _problem(same: Sequence[_Found], document: Document) -> Problem:
    one = same[0]
    if one.type == "missing":
        table = one.path[:-1]
        where = f" in [{'.'.join(map(str, table))}]" if table else ""
        return document.problem(table, f"`{one.name}` is missing{where}", f"add {one.name} = …", key=True)
    if one.type == "extra_forbidden":
        near = _near(one)
        hint = f"did you mean `{near}`?" if near else f"the keys here are {listed(one.names)}"
        return document.problem(one.path, f"unknown key `{one.name}`", hint, key=True, hide=one.secret)
    same = [each for each in same if each.message != NOT_HERE] or same  # where a secret is only one alternative
    message = " or ".join(dict.fromkeys(each.message for each in same))
    hint = "; or ".join(dict.fromkeys(each.hint for each in same if each.hint))
    subject = "" if one.type == "value_error" else f"{_subject(document.known(one.path))} "
    return document.problem(one.path, subject + message, hint, key=one.is_key, hide=one.secret)


def _subject(path: Path) -> str:
    names = [part for part in path if isinstance(part, str)]
    name = f"`{names[-1]}`" if names else "the file"
    return f"entry {path[-1] + 1} of {name}" if path and isinstance(path[-1], int) else name
