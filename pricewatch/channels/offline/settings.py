"""What [channels.NAME] says of prices where there is no web page, and of apps that are told of prices."""

from __future__ import annotations

from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from pricewatch.channels.fields import FIELDS
from pricewatch.channels.sections import ApiSection, ChannelSection
from pricewatch.channels.template import mistake
from pricewatch.domain.listing import ChannelRole
from pricewatch.located import LocalPath, Mistake, Secret

_LABEL = "{label}"


class LabelsSettings(ChannelSection):
    """Electronic shelf labels behind an MQTT broker: a retained message says what each label shall show, another one
    what it shows. Needs the extra `pricewatch[labels]`.
    """

    type: Literal["labels"]
    """`labels`"""

    role: ChannelRole = ChannelRole.ADVERT
    """`checkout` takes money at the price, `advert` only shows it. Default advert."""

    host: str = Field(min_length=1)
    """The broker's name or address."""

    port: int | None = Field(default=None, ge=1, le=65_535)
    """The broker's port. Default 8883, and 1883 without TLS."""

    tls: bool = True
    """Whether the connection is encrypted; the broker's certificate is verified. Default true."""

    user: str = ""
    """The user name, where the broker wants one. Default: none."""

    password: Secret | None = None
    """The password, as { env = "NAME" } or { file = "path" }. Default: none."""

    desired: str = "pricewatch/labels/{label}/desired"
    """The topic that says what a label shall show. Default "pricewatch/labels/{label}/desired"."""

    shown: str = "pricewatch/labels/{label}/shown"
    """The topic on which the labels' gateway says what a label shows: a JSON object with at least `price` (decimal
    text) and `currency`, retained. Default "pricewatch/labels/{label}/shown"."""

    labels: LocalPath | None = None
    """A CSV file with the columns label and sku: which label hangs at which product, any number each. Default: every
    product has one label, named by its SKU."""

    timeout: float = Field(default=30.0, gt=0, le=600)
    """The longest time for one exchange with the broker, in seconds. Default 30."""

    late_apply: float = Field(default=900.0, ge=0, le=86_400)
    """The longest time a label may take to show an accepted price, in seconds. Default 900."""

    @field_validator("desired", "shown")
    @classmethod
    def _topic(cls, topic: str) -> str:
        levels = topic.split("/")
        if levels.count(_LABEL) != 1 or any(char in topic for char in "+#\0") or topic.startswith("$"):
            raise Mistake(f"{topic!r} is no topic for labels", "one whole level is {label}, none has + or #")
        return topic

    @model_validator(mode="after")
    def _apart(self) -> LabelsSettings:
        if self.desired == self.shown:
            raise Mistake("what a label shall show and what it shows have the same topic", at=("shown",))
        return self


class TillSettings(ChannelSection):
    """Tills that take a price file from a folder, here or over SFTP, and answer with a file when they have read it.

    Each version is a file of its own; SFTP needs the extra `pricewatch[sftp]`.
    """

    type: Literal["till"]
    """`till`"""

    role: ChannelRole = ChannelRole.CHECKOUT
    """`checkout` takes money at the price, `advert` only shows it. Default checkout."""

    folder: LocalPath | None = None
    """The folder, relative to the project folder. Either this or `sftp`."""

    sftp: str = ""
    """The folder as sftp://user@host:port/path. Either this or `folder`."""

    password: Secret | None = None
    """The SFTP password, as { env = "NAME" } or { file = "path" }. Default: none; then `key_file`."""

    key_file: LocalPath | None = None
    """The file of the private SSH key, relative to the project folder. Default: none."""

    host_key: str = ""
    """The server's public key, as in a known_hosts line without the name ("ssh-ed25519 AAAA…"); needed with sftp."""

    name: str = "prices-{version}.csv"
    """The file's name; {version} counts the files. Default "prices-{version}.csv"."""

    ack: str = "{name}.ack"
    """The name of the till's answer to the file {name}: it has taken the prices. Lines `sku;reason` in it name items
    that it refused; a line that names none of the file makes it no answer. Default "{name}.ack"."""

    header: bool = True
    """Whether the first line names the columns. Default true."""

    delimiter: Literal[",", ";", "\t", "|"] = ";"
    """The character between columns. Default ";"."""

    decimal: Literal[".", ","] = "."
    """The decimal separator of prices. Default "."."""

    encoding: Literal["utf-8", "cp1250", "cp852", "iso-8859-2"] = "utf-8"
    """How letters are written; what an encoding lacks becomes ?. Default utf-8."""

    columns: dict[str, str] = Field(
        default_factory=lambda: {"sku": "sku", "gtin": "gtin", "name": "name", "price": "price"}
    )
    """Which columns the file has, in order: header = field, as those of a csv channel. sku and price are needed.
    Default: sku, gtin, name, price."""

    keep: int = Field(default=5, ge=2, le=1_000)
    """How many answered files are left in the folder. Default 5."""

    timeout: float = Field(default=60.0, gt=0, le=600)
    """The longest time for the exchange with the SFTP server, in seconds. Default 60."""

    late_apply: float = Field(default=3_600.0, ge=0, le=86_400)
    """The longest time a till may take to answer, in seconds. Default 3600."""

    @field_validator("columns")
    @classmethod
    def _fields(cls, columns: dict[str, str]) -> dict[str, str]:
        for name in columns.values():
            if mistake(f"{{{name}}}") or "|" in name:
                raise Mistake(f"there is no field {name!r}", f"known are {', '.join(FIELDS)} and custom.NAME")
        for needed in ("sku", "price"):
            if needed not in columns.values():
                raise Mistake(f"a price file needs a column for {needed}", f'add "{needed}" = "{needed}"')
        return columns

    @model_validator(mode="after")
    def _one_place(self) -> TillSettings:
        if bool(self.folder) == bool(self.sftp):
            raise Mistake("a till has one folder", "give either folder or sftp", at=("folder",) if self.folder else ())
        if self.sftp:
            self._server()
        for text, part, at in ((self.name, "{version}", "name"), (self.ack, "{name}", "ack")):
            if text.count(part) != 1 or "/" in text or text.startswith(".") or text.replace(part, "").count("{"):
                raise Mistake(f"{text!r} is no name for a file here", f"it contains {part} once and no /", at=(at,))
        if self.ack == "{name}":
            raise Mistake("the answer has the name of the file itself", at=("ack",))
        return self

    def _server(self) -> None:
        parts = urlsplit(self.sftp)
        if parts.scheme != "sftp" or not parts.hostname or not parts.username or parts.password or parts.query:
            raise Mistake(
                "this is no SFTP folder", "write sftp://user@host/path; the password has a key of its own", at=("sftp",)
            )
        if not self.host_key:
            raise Mistake("without the server's key nobody knows whom we talk to", "add host_key", at=("sftp",))
        if (self.password is None) == (self.key_file is None):
            raise Mistake("SFTP needs either a password or a key", at=("sftp",))


class WebhookSettings(ApiSection):
    """An app of your own that is told of prices by signed requests, and asked what it shows."""

    type: Literal["webhook"]
    """`webhook`"""

    secret: Secret
    """What requests are signed with (HMAC-SHA256), as { env = "NAME" } or { file = "path" }; at least 16 characters."""

    batch: int = Field(default=500, ge=1, le=10_000)
    """How many prices one request tells. Default 500."""


OfflineSettings: TypeAlias = LabelsSettings | TillSettings | WebhookSettings
