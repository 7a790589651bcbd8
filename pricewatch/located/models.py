"""What configuration models are made of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, model_validator

from pricewatch.domain.errors import ConfigError, Problem

FOLDER = "folder"  # the validation context's name for the folder that relative paths count from

NOT_HERE = "a secret does not stand in this file"


class Section(BaseModel):
    """The base of every configuration model: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mistake(ValueError):
    """Raised by validators: a message for people, a hint, and the keys below the validated table it is about."""

    def __init__(self, message: str, hint: str = "", *, at: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get(FOLDER)
    path = path.expanduser()
    return folder / path if folder is not None else path


LocalPath = Annotated[Path, AfterValidator(_from_folder)]
"""A path; a relative one counts from the folder of the file that names it."""


class Secret(Section):
    """Where a secret is to be found: `{ env = "NAME" }` or `{ file = "path" }`; never the secret itself."""

    env: str | None = None
    """Name of the environment variable that holds the secret."""
    file: LocalPath | None = None
    """Path of a file that holds the secret and nothing else."""

    @model_validator(mode="before")
    @classmethod
    def _never_plain(cls, value: Any) -> Any:
        if isinstance(value, (str, int, float)):
            raise Mistake(NOT_HERE, _WHERE)
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Secret:
        if bool(self.env) == bool(self.file):
            raise Mistake("a secret needs one place: either env or file", _WHERE)
        return self

    def reveal(self) -> str:
        """Look the secret up, without blanks around it; raises ConfigError naming the missing variable or file."""
        if self.env is not None:
            return _found(os.environ.get(self.env, ""), f"environment variable {self.env}", f"set {self.env}")
        path = Path(str(self.file))
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            hint = "put the secret into this file, for pricewatch's user to read, or name another one"
            raise ConfigError([Problem(str(path), 0, 0, f"the secret cannot be read: {reason}", hint)]) from None
        return _found(text, str(path), "write the secret into this file, and nothing else")


_WHERE = 'write { env = "NAME" } or { file = "path" } and put the secret there'


def _found(text: str, place: str, hint: str) -> str:
    secret = text.strip()
    if not secret:
        raise ConfigError([Problem(place, 0, 0, "is not set: a secret is expected there", hint)])
    return secret
