# ruff: noqa: E501 - vocabularies are written as they read
"""How shops write about the same thing: each has its order of words, its gaps, its language and its habits."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from benchmarks.match_training.goods import COLOURS, LANGUAGES, TALK, Good, part_number
from pricewatch.matching.records import Record

LONG_UNITS = {"inch": ("inch", '"', "''", "-inch", " in.", " zoll", " cali"), "gb": ("gb", " gb", "-gb"), "ml": ("ml", " ml"), "mm": ("mm", " mm"),
              "w": ("w", " w", " watt", "-watt"), "v": ("v", " v", "-volt"), "l": ("l", " l", " litr"), "kg": ("kg", " kg"), "g": ("g", " g"),
              "ah": ("ah", " ah"), "pcs": (" pcs", "-piece", " szt", "pc"), "pages": (" pages", " page yield"), "cm": ("cm", " cm"), "m": ("m", " m")}  # fmt: skip
SCALED = {"gb": None, "l": (1000, "ml"), "kg": (1000, "g"), "m": (100, "cm"), "g": (0.001, "kg"), "ml": (0.001, "l")}
PACK_WORDS = (
    ("{} pack", "pack of {}", "{}-pack", "{} pcs", "set of {}", "{}pk", "{} count"),
    ("{} szt.", "zestaw {}", "{}-pak", "{} sztuk", "{}x"),
    ("{}er pack", "{} stück", "{}er-set", "{} stk"),
    ("{} stuks", "set van {}", "{}-pack"),
    ("{} ks", "sada {} ks", "balení {} ks"),
)
SHORT = {"professional": "pro", "standard": "std", "wireless": "wrls", "black": "blk", "white": "wht", "digital": "dig", "deluxe": "dlx", "upgrade": "upg", "premium": "prem", "academic": "edu", "stainless": "ss", "small business": "sb", "ultimate": "ult", "gray": "gry", "high": "hi"}  # fmt: skip
EXTRA = (
    "",
    "",
    "complete package",
    "1 user",
    "cd",
    "dvd-rom",
    "box",
    "license",
    "( pc )",
    "windows",
    "full version",
    "retail",
    "jewel case",
    "small box",
)


@dataclass(frozen=True)
class Shop:
    """The habits of one shop; shares are 0…1."""

    language: int
    order: tuple[str, ...]
    brand: float
    series: float
    model: float
    kind: float
    sizes: float
    colour: float
    words: float
    talk: float
    short: float
    brand_field: float
    model_field: float
    price_known: float
    price_noise: float
    described: float
    gtin: float
    split_model: float
    typo: float
    dealer: float


def shop(dice: random.Random, language: int) -> Shop:
    parts = ["series", "model", "kind", "sizes", "colour", "words"]
    dice.shuffle(parts)
    order = ("brand", *parts) if dice.random() < 0.75 else (*parts[:2], "brand", *parts[2:])
    share = dice.random
    model = dice.choice((0.15, 0.5, 0.9, 0.95, 1.0))
    return Shop(
        language, order, dice.choice((0.2, 0.9, 1.0)), 0.5 + share() / 2, model, 0.4 + 0.6 * share(), 0.3 + 0.7 * share(),
        0.2 + 0.8 * share(), dice.choice((0.1, 0.4, 0.6, 0.9)), dice.choice((0.0, 0.05, 0.4)), dice.choice((0.0, 0.02, 0.15)),
        dice.choice((0.0, 0.3, 0.9, 1.0)), dice.choice((0.0, 0.0, 0.5, 0.95)), dice.choice((0.0, 0.5, 0.9, 1.0)), dice.choice((0.05, 0.1, 0.25, 0.5)),
        dice.choice((0.0, 0.0, 0.5, 0.9)), dice.choice((0.0, 0.0, 0.3)), share() * 0.6, dice.choice((0.0, 0.01, 0.05)), dice.choice((0.0, 0.0, 0.2)),
    )  # fmt: skip


def offer(dice: random.Random, good: Good, place: Shop, name: str, trap: str = "") -> Record:
    """How this shop offers this thing; `trap` writes it as what it is not."""
    parts = {part: _part(dice, good, place, part) for part in place.order}
    title = " ".join(text for part in place.order if (text := parts[part]))
    if good.pack > 1:
        title += " " + dice.choice(PACK_WORDS[place.language]).format(good.pack)
    if len(title.split()) < 2:
        title = " ".join([good.brand, good.series, good.model, *good.title_words, good.kind[place.language]])
    if dice.random() < place.talk:
        title += " " + " ".join(dice.sample(TALK, k=dice.randint(1, 2)))
    title = _typed(dice, TRAPS[trap](dice, title, place.language) if trap else title, place)
    price = good.price * dice.lognormvariate(0, place.price_noise)
    brand = (
        dice.choice((good.brand, good.brand, good.brand.split()[0], f"{good.brand} inc."))
        if dice.random() < place.brand_field
        else ""
    )
    model = _model(dice, good.model, place) if dice.random() < place.model_field else ""
    if place.dealer and dice.random() < place.dealer:  # a dealer's own number in the field of the part number
        model = part_number(dice, "aa99999")
    return Record(
        name, title.strip(), brand=brand, model=model,
        gtin=good.gtin if dice.random() < place.gtin else "",
        description=_described(dice, good, place) if dice.random() < place.described else "",
        price=round(price, 2) if dice.random() < place.price_known else 0.0,
        category=good.department if place.brand_field > 0.5 else "",
    )  # fmt: skip


def _part(dice: random.Random, good: Good, place: Shop, part: str) -> str:
    said = dice.random() < getattr(place, part)
    match part:
        case "brand":
            return dice.choice((good.brand, good.brand, good.brand.split()[0])) if said else ""
        case "series":
            return " ".join(filter(None, (good.series if said else "", *_named(dice, good))))
        case "model":
            return _model(dice, good.model, place) if said else ""
        case "kind":
            language = place.language if dice.random() < 0.95 else dice.randrange(len(LANGUAGES))
            return good.kind[language] if said else ""
        case "sizes":
            return " ".join(_size(dice, *size) for size in good.sizes if dice.random() < place.sizes)
        case "colour":
            colour = COLOURS.get(good.colour, "").split() if said else []
            return colour[place.language] if colour else ""
    return " ".join(word for word in good.words if dice.random() < place.words)


def _named(dice: random.Random, good: Good) -> list[str]:
    """What a book or a program is called, its version, edition and platform."""
    if not good.title_words:
        return []
    words = [word for word in good.title_words if dice.random() < 0.95] or list(good.title_words)
    version = good.version
    if version and dice.random() < 0.3:
        number = version.lstrip("v")
        version = (
            dice.choice((f"v{number}", f"{number}.0", f"version {number}", number))
            if number[0].isdigit() and len(number) < 4
            else version
        )
    rest = [
        version if dice.random() < 0.88 else "",
        good.edition if dice.random() < 0.75 else "",
        good.platform if dice.random() < 0.6 else "",
    ]
    if good.department == "software" and dice.random() < 0.3:
        rest.append(dice.choice(EXTRA))
    if dice.random() < 0.15:
        dice.shuffle(rest)
    return [*words, *filter(None, rest)]


def _model(dice: random.Random, model: str, place: Shop) -> str:
    if not model:
        return ""
    if dice.random() < place.split_model:
        way = dice.random()
        if way < 0.6:
            model = model.replace("-", "").replace(" ", "").replace(".", "")
        elif way < 0.8:
            model = model.replace("-", " ")
        elif len(model) > 5:
            model = (
                f"{model}/{dice.choice('ABX')}"
                if dice.random() < 0.5
                else model[: dice.randint(len(model) - 2, len(model) - 1)]
            )
    return model


def _size(dice: random.Random, value: object, unit: str) -> str:
    if unit in {"tyre", "size", "shade", "x", "eu"}:
        return str(value)
    if unit in SCALED and SCALED[unit] and dice.random() < 0.12:
        scale, smaller = SCALED[unit]  # type: ignore[misc]
        return f"{float(str(value)) * scale:g} {smaller}"
    text = str(value).replace(".", ",") if dice.random() < 0.2 else str(value)
    return text + dice.choice(LONG_UNITS.get(unit, (unit, f" {unit}")))


def _described(dice: random.Random, good: Good, place: Shop) -> str:
    said = [
        good.kind[place.language],
        *good.words,
        *(_size(dice, *size) for size in good.sizes),
        good.colour,
        good.edition,
        good.version,
        *good.title_words,
    ]
    if dice.random() < 0.5:
        said.append(good.model)
    if dice.random() < 0.5:
        said = [good.brand, good.series, *said]
    return " ".join(word for word in said if word and dice.random() < 0.8)


def _typed(dice: random.Random, title: str, place: Shop) -> str:
    return " ".join(_written(dice, word, place) for word in title.split())


def _written(dice: random.Random, word: str, place: Shop) -> str:
    """A word, now and then shortened or with two letters swapped."""
    text = SHORT.get(word.lower(), word) if dice.random() < place.short else word
    if dice.random() >= place.typo or len(text) <= 4 or not text.isalpha():
        return text
    spot = dice.randrange(len(text) - 1)
    return text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]


def _accessory(dice: random.Random, title: str, language: int) -> str:
    return dice.choice((
        ("case for {}", "replacement battery for {}", "{} carrying case", "screen protector for {}", "charger for {}", "{} remote control"),
        ("etui do {}", "bateria do {}", "ładowarka do {}", "folia do {}", "uchwyt do {}"),
        ("hülle für {}", "akku für {}", "ersatzakku für {}", "ladegerät für {}"),
        ("hoesje voor {}", "oplader voor {}", "accu voor {}"),
        ("pouzdro na {}", "baterie pro {}", "nabíječka pro {}"),
    )[language]).format(title)  # fmt: skip


def _used(dice: random.Random, title: str, language: int) -> str:
    return dice.choice((
        ("{} refurbished", "refurbished {}", "{} (renewed)", "used {}", "{} open box", "{} pre-owned"),
        ("{} używany", "{} odnowiony", "{} poleasingowy", "{} outlet"),
        ("{} gebraucht", "{} generalüberholt", "{} b-ware"),
        ("{} tweedehands", "{} refurbished"),
        ("{} použité", "{} repasovaný"),
    )[language]).format(title)  # fmt: skip


def _pack(dice: random.Random, title: str, language: int) -> str:
    count, words = dice.choice((2, 2, 3, 4, 5, 6, 10)), dice.choice(PACK_WORDS[language])
    return dice.choice((f"{title} {words}", f"{words} {title}", f"{{}} x {title}", f"{title} {words}")).format(count)


def _bundle(dice: random.Random, title: str, language: int) -> str:
    return dice.choice((
        ("{} bundle", "{} + carrying bag", "{} with accessory kit", "{} bundle with 32gb card"),
        ("{} + torba", "{} w zestawie z torbą", "{} zestaw z etui"),
        ("{} + tasche", "{} im set mit zubehör", "{} mit tasche"),
        ("{} + tas", "{} met accessoires"),
        ("{} + brašna", "{} s příslušenstvím"),
    )[language]).format(title)  # fmt: skip


TRAPS = {"accessory": _accessory, "used": _used, "pack": _pack, "bundle": _bundle}


def two_shops(dice: random.Random) -> tuple[Shop, Shop]:
    """Two shops of a market; mostly they speak one language, and mostly one of them says more than the other."""
    language = dice.randrange(len(LANGUAGES)) if dice.random() < 0.6 else 0
    other = dice.randrange(len(LANGUAGES)) if dice.random() < 0.1 else language
    ours, theirs = shop(dice, language), shop(dice, other)
    if dice.random() < 0.3:
        theirs = replace(theirs, order=ours.order, words=ours.words)
    return ours, theirs
