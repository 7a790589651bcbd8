# ruff: noqa: E501, SIM905 - vocabularies are written as they read
"""Made-up goods: families of products that differ in one thing each, over many kinds of shop.

Brands, series and part numbers are invented from syllables; what kind of thing it is, its sizes, colours and editions
are said in five languages. Nothing here comes from a shop or from a benchmark.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

LANGUAGES = ("en", "pl", "de", "nl", "cs")
SYLLABLES = """
    bo ren ovi kal mir tes zor lum dak rin pol gar sel nov hex tra wik fen dor mak lin sto per ga vel ton ra
    ku sa len mo ter vi no bel cor dan eri fal gor hal ist jon kem lor mer nix oro pran quil ros sun tal ula
    ver wen xan yor zel
""".split()
COLOURS = {
    "black": "black czarny schwarz zwart cerny",
    "white": "white biały weiß wit bílý",
    "silver": "silver srebrny silber zilver stříbrný",
    "red": "red czerwony rot rood červený",
    "blue": "blue niebieski blau blauw modrý",
    "green": "green zielony grün groen zelený",
    "pink": "pink różowy rosa roze růžový",
    "grey": "gray szary grau grijs šedý",
    "brown": "brown brązowy braun bruin hnědý",
}
FEATURES = """
    wireless bluetooth portable compact digital professional premium stainless steel waterproof rechargeable
    hd led touch screen widescreen optical usb stereo active noise universal foldable adjustable heavy duty
    cordless dual high speed smart slim ultra classic deluxe eco turbo power energy star full automatic
    programmable remote control built-in integrated front panel glass surface rear projection series edition
    system kit standard home office travel gaming outdoor indoor kitchen garden mobile desktop rack mount
    connector module memory storage backup zoom lens viewfinder shock resistant anti-slip soft grip long life
    fast quiet vacuum filter dispenser tray carry handle
""".split()
TALK = """
    new sale best price nowość promocja wysyłka 24h gratis angebot neu aanbieding nieuw akce novinka oryginał
    original official store retail box oem genuine fv gwarancja garantie
""".split()


@dataclass(frozen=True)
class Good:
    """One product; `said` are its telling words, `sizes` number and unit, `title_words` what a book or program is called."""

    brand: str
    kind: tuple[str, ...]
    series: str
    model: str
    sizes: tuple[tuple[float, str], ...]
    colour: str
    words: tuple[str, ...]
    title_words: tuple[str, ...]
    edition: str
    version: str
    platform: str
    pack: int
    price: float
    gtin: str
    family: int
    department: str


# kind in en|pl|de|nl|cs; units with usual steps; how part numbers look (a letter, 9 digit, c consonant run)
KINDS: dict[str, list[tuple[str, str, str]]] = {
    "electronics": [
        (
            "digital camera|aparat cyfrowy|digitalkamera|digitale camera|digitální fotoaparát",
            "mp:8,10,12,16;x:3,4,5,10",
            "aaa-a999",
        ),
        (
            "lcd tv|telewizor lcd|lcd fernseher|lcd televisie|lcd televizor",
            "inch:19,22,32,37,40,46,52;hz:60,120",
            "aa-99a999a",
        ),
        ("headphones|słuchawki|kopfhörer|koptelefoon|sluchátka", "", "aaa-a99aa"),
        ("usb flash drive|pendrive|usb stick|usb stick|flash disk", "gb:4,8,16,32,64,128", "aaa99aa9999"),
        ("memory card|karta pamięci|speicherkarte|geheugenkaart|paměťová karta", "gb:2,4,8,16,32,64", "aa9a-999"),
        ("hard drive|dysk twardy|festplatte|harde schijf|pevný disk", "tb:1,2,3,4,6,8;rpm:5400,7200", "aa9999aa999"),
        ("smartphone|smartfon|smartphone|smartphone|chytrý telefon", "gb:64,128,256,512;inch:5.5,6.1,6.7", "aa-a999a"),
        (
            "wireless router|router bezprzewodowy|wlan router|draadloze router|bezdrátový router",
            "mbps:150,300,600",
            "aaa9999a",
        ),
        ("receiver|amplituner|receiver|receiver|receiver", "w:50,100,130;channel:5,7", "aaa-999aa"),
        ("laptop|notebook|notebook|laptop|notebook", "inch:13.3,14,15.6,17;gb:4,8,16;gb:256,512", "a99aa-a9999a"),
        ("speaker system|głośniki|lautsprecher|luidsprekers|reproduktory", "w:20,40,100,200", "aa-999"),
        ("car radio|radio samochodowe|autoradio|autoradio|autorádio", "w:50,52", "aaa-a9999aa"),
        ("gps navigation|nawigacja gps|navigationsgerät|navigatie|navigace gps", "inch:3.5,4.3,5,7", "aaaa 999a"),
        (
            "cordless phone|telefon bezprzewodowy|schnurloses telefon|draadloze telefoon|bezdrátový telefon",
            "",
            "aa-aa9999a",
        ),
    ],
    "office": [
        ("toner cartridge|toner|toner|toner|toner", "pages:1500,3000,6000,12000", "a9999a"),
        ("ink cartridge|tusz|tintenpatrone|inktcartridge|inkoustová kazeta", "ml:10,19,40", "aaa-99aa"),
        ("laser printer|drukarka laserowa|laserdrucker|laserprinter|laserová tiskárna", "ppm:18,22,33", "aa9999aa"),
        (
            "projection screen|ekran projekcyjny|leinwand|projectiescherm|projekční plátno",
            "inch:72,84,92,100,120,150",
            "99999",
        ),
        (
            "filing cabinet|szafa na akta|aktenschrank|archiefkast|kartotéka",
            "inch:15,18,25,30;drawer:2,3,4",
            "999aa99aa",
        ),
        ("label tape|taśma do drukarek|etikettenband|labeltape|páska do štítkovače", "mm:6,9,12,18,24;m:5,8", "aa-999"),
        ("bookcase|regał|bücherregal|boekenkast|knihovna", "inch:30,34,36;inch:59,72,84", "a99aaaa"),
        ("ballpoint pen|długopis|kugelschreiber|balpen|kuličkové pero", "mm:0.5,0.7,1", "99999"),
    ],
    "household": [
        ("vacuum cleaner|odkurzacz|staubsauger|stofzuiger|vysavač", "w:700,850,1200,2000;l:2,3,4", "aa999999"),
        ("dishwasher|zmywarka|geschirrspüler|vaatwasser|myčka", "inch:18,24;cm:45,60", "aaa9999aa"),
        ("refrigerator|lodówka|kühlschrank|koelkast|lednice", "l:150,260,340", "aa99aa999a"),
        ("coffee maker|ekspres do kawy|kaffeemaschine|koffiezetapparaat|kávovar", "w:900,1450;l:1.2,1.8", "aaa99.999"),
        (
            "microwave oven|kuchenka mikrofalowa|mikrowelle|magnetron|mikrovlnná trouba",
            "w:700,800,1000;l:20,25,30",
            "aaa-9999aa",
        ),
        ("frying pan|patelnia|bratpfanne|koekenpan|pánev", "cm:20,24,28,32", "a9999"),
        ("steam iron|żelazko|dampfbügeleisen|stoomstrijkijzer|žehlička", "w:2000,2400,2800", "aaa9999"),
        ("led bulb|żarówka led|led lampe|led lamp|led žárovka", "w:5,7,9,12;k:2700,3000,4000", "999999"),
        ("range hood|okap|dunstabzugshaube|afzuigkap|digestoř", "cm:50,60,90;inch:30,36", "aaa999aa"),
    ],
    "tools": [
        (
            "cordless drill|wiertarko-wkrętarka|akkuschrauber|accuboormachine|aku vrtačka",
            "v:10.8,12,14.4,18;ah:1.5,2,4,5",
            "aaa 99a-99",
        ),
        (
            "angle grinder|szlifierka kątowa|winkelschleifer|haakse slijper|úhlová bruska",
            "w:720,900,1400,2200;mm:115,125,230",
            "aaa 99-999 aa",
        ),
        ("circular saw|pilarka tarczowa|handkreissäge|cirkelzaag|okružní pila", "w:1200,1600;mm:165,190", "aa9999aa"),
        (
            "pressure washer|myjka ciśnieniowa|hochdruckreiniger|hogedrukreiniger|tlaková myčka",
            "bar:110,130,145,160;w:1400,1800",
            "a 9.99-999",
        ),
        (
            "screwdriver set|zestaw wkrętaków|schraubendreher-set|schroevendraaierset|sada šroubováků",
            "pcs:6,7,10,32",
            "9-99-999",
        ),
        ("drill bit|wiertło|bohrer|boor|vrták", "mm:4,5,6,8,10,12;mm:110,160,210,260", "9999999999"),
    ],
    "cosmetics": [
        ("shampoo|szampon|shampoo|shampoo|šampon", "ml:200,250,400,500,1000", ""),
        ("face cream|krem do twarzy|gesichtscreme|gezichtscrème|pleťový krém", "ml:15,30,50,75", ""),
        ("eau de parfum|woda perfumowana|eau de parfum|eau de parfum|parfémovaná voda", "ml:30,50,75,100", ""),
        ("lipstick|szminka|lippenstift|lippenstift|rtěnka", "g:3,4", "999"),
        ("body lotion|balsam do ciała|körperlotion|bodylotion|tělové mléko", "ml:200,250,400", ""),
        ("hair dye|farba do włosów|haarfarbe|haarverf|barva na vlasy", "shade:4.0,5.3,6.1,7.0,8.1", ""),
    ],
    "grocery": [
        ("ground coffee|kawa mielona|kaffee gemahlen|gemalen koffie|mletá káva", "g:250,500,1000", ""),
        ("chocolate|czekolada|schokolade|chocolade|čokoláda", "g:90,100,200,300", ""),
        ("green tea|herbata zielona|grüner tee|groene thee|zelený čaj", "bags:20,25,50,100", ""),
        ("olive oil|oliwa z oliwek|olivenöl|olijfolie|olivový olej", "ml:250,500,750,1000", ""),
        ("cat food|karma dla kota|katzenfutter|kattenvoer|krmivo pro kočky", "g:85,100,400;kg:1.5,4,10", ""),
        ("washing powder|proszek do prania|waschpulver|waspoeder|prací prášek", "kg:1.3,2.6,4.5,6;washes:20,40,70", ""),
    ],
    "fashion": [
        (
            "running shoes|buty do biegania|laufschuhe|hardloopschoenen|běžecké boty",
            "eu:38,39,40,41,42,43,44",
            "aa9999-999",
        ),
        ("t-shirt|koszulka|t-shirt|t-shirt|tričko", "size:s,m,l,xl,xxl", "a99999"),
        ("backpack|plecak|rucksack|rugzak|batoh", "l:18,22,28,35,50", "99999"),
        ("wristwatch|zegarek|armbanduhr|horloge|hodinky", "mm:38,40,42,44", "aa9999-99a"),
        ("winter jacket|kurtka zimowa|winterjacke|winterjas|zimní bunda", "size:s,m,l,xl", "aaa9999"),
    ],
    "auto": [
        (
            "summer tyre|opona letnia|sommerreifen|zomerband|letní pneumatika",
            "tyre:195/65r15,205/55r16,225/45r17,225/40r18",
            "",
        ),
        ("engine oil 5w30|olej silnikowy 5w30|motoröl 5w30|motorolie 5w30|motorový olej 5w30", "l:1,4,5,20", ""),
        ("engine oil 10w40|olej silnikowy 10w40|motoröl 10w40|motorolie 10w40|motorový olej 10w40", "l:1,4,5", ""),
        (
            "car battery|akumulator samochodowy|autobatterie|accu|autobaterie",
            "ah:44,60,74,95;a:440,540,680",
            "999 999 999",
        ),
        ("brake pads|klocki hamulcowe|bremsbeläge|remblokken|brzdové destičky", "", "a a99 999"),
        ("air filter|filtr powietrza|luftfilter|luchtfilter|vzduchový filtr", "", "a 99 999/9"),
        ("bike tire|opona rowerowa|fahrradreifen|fietsband|plášť na kolo", "inch:26,27.5,29;x:2.2,2.35,2.4", ""),
        ("brake caliper|zacisk hamulca|bremssattel|remklauw|brzdový třmen", "mm:160,180,203", "aa-a9999"),
    ],
    "case": [
        ("case|etui|hülle|hoesje|pouzdro", "", "aaa999"),
        ("battery|bateria|akku|accu|baterie", "mah:1200,2000,3000;v:3.7,7.4", "aa-99a"),
        ("charger|ładowarka|ladegerät|oplader|nabíječka", "w:20,45,65", "aa9999"),
        ("carrying bag|torba|tasche|draagtas|brašna", "", "aaa-a9"),
        ("hdmi cable|kabel hdmi|hdmi kabel|hdmi kabel|hdmi kabel", "m:1,1.5,2,3,5,10", "aa-9999-99"),
        ("wall mount|uchwyt ścienny|wandhalterung|muurbeugel|nástěnný držák", "inch:32,42,60", "aaa999a"),
    ],
}
TITLES = """
    accounting payroll photo video music studio office web design security antivirus internet learning typing
    reading math language spanish french german english dictionary atlas encyclopedia history world war empire
    city racing football baseball adventure mystery princess dragon magic kingdom space pirate island secret
    garden cooking business plan legal family tree tax money contact label print shop greeting card creator
    animation publisher draw paint illustrator suite server database developer builder partition backup
    recovery utility firewall mobile sync converter burner dvd movie editor sound mixer piano guitar teacher
    preschool kindergarten grade science biology chemistry geometry algebra algorithm winter river shadow
    crown daughter night letters silence storm bridge house road summer memory king
""".split()
EDITIONS = (
    "standard",
    "professional",
    "premium",
    "deluxe",
    "home",
    "ultimate",
    "small business",
    "academic",
    "upgrade",
    "basic",
    "gold",
    "studio",
    "enterprise",
)
PLATFORMS = ("", "", "win", "mac", "win/mac", "pc", "linux")


def market(dice: random.Random, count: int, departments: tuple[str, ...]) -> list[Good]:
    """About `count` goods in families whose members differ in a part number, a size, a colour, an edition or a version."""
    brands = [_name(dice) for _ in range(max(4, count // 20))]
    found: list[Good] = []
    family = 0
    while len(found) < count:
        first = _first(dice, dice.choice(departments), dice.choice(brands), family)
        siblings = {first: None}
        for _ in range(dice.choice((0, 1, 1, 2, 3, 5))):
            siblings.setdefault(_sibling(dice, dice.choice(list(siblings))), None)
        found += siblings
        family += 1
    return found


def _name(dice: random.Random) -> str:
    name = "".join(dice.choices(SYLLABLES, k=dice.choice((2, 2, 3)))).capitalize()
    return (
        f"{name} {dice.choice(('Tools', 'Systems', 'Labs', 'Products', 'Software', 'Group'))}"
        if dice.random() < 0.15
        else name
    )


def _first(dice: random.Random, department: str, brand: str, family: int) -> Good:
    series = _name(dice).split()[0] if dice.random() < 0.6 else ""
    words = tuple(dict.fromkeys(dice.choices(FEATURES, k=dice.randint(0, 5))))
    price = round(dice.lognormvariate(4, 1.2), 2)
    blank = Good(brand, ("",) * 5, series, "", (), "", words, (), "", "", "", 1, price, gtin(dice), family, department)
    if department in {"software", "books"}:
        return _titled(dice, blank)
    kind, units, mask = dice.choice(KINDS[department])
    sizes = tuple(_size(dice, unit) for unit in units.split(";") if unit and dice.random() < 0.85)
    colour = dice.choice(list(COLOURS)) if dice.random() < 0.45 else ""
    model = part_number(dice, mask) if mask and dice.random() < 0.92 else ""
    pack = (
        dice.choice((2, 3, 4, 6, 10, 12))
        if department in {"grocery", "office", "cosmetics"} and dice.random() < 0.15
        else 1
    )
    extra = (f"{_name(dice).split()[0]}",) if dice.random() < 0.3 else ()
    return replace(
        blank, kind=tuple(kind.split("|")), model=model, sizes=sizes, colour=colour, pack=pack, words=words + extra
    )


def _titled(dice: random.Random, blank: Good) -> Good:
    software = blank.department == "software"
    words = tuple(
        dict.fromkeys(
            [*dice.choices(TITLES, k=dice.randint(1, 4)), *([_name(dice).split()[0]] if dice.random() < 0.6 else [])]
        )
    )
    version = dice.choice(
        (
            "",
            str(dice.randint(2, 15)),
            f"{dice.randint(1, 12)}.{dice.randint(0, 9)}",
            str(dice.randint(2003, 2009)),
            f"cs{dice.randint(2, 6)}",
            f"v{dice.randint(1, 9)}",
        )
    )
    return replace(
        blank,
        title_words=words,
        words=(),
        version=version if software or dice.random() < 0.2 else "",
        edition=dice.choice(EDITIONS) if software and dice.random() < 0.6 else "",
        platform=dice.choice(PLATFORMS) if software else "",
        model=part_number(dice, dice.choice(("99999999", "aaa-99999", "a99-99999")))
        if software and dice.random() < 0.3
        else "",
    )


def _size(dice: random.Random, unit: str) -> tuple[float, str]:
    name, _, steps = unit.partition(":")
    return (dice.choice(steps.split(",")), name)  # type: ignore[return-value]


def part_number(dice: random.Random, mask: str) -> str:
    letters = "ABCDEFGHKLMNPRSTVWXZ"
    return "".join(dice.choice(letters) if c == "a" else str(dice.randint(0, 9)) if c == "9" else c for c in mask)


def gtin(dice: random.Random) -> str:
    body = f"{dice.choice(('590', '400', '871', '859', '501', '761', '880'))}{dice.randrange(10**9):09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)


def _sibling(dice: random.Random, good: Good) -> Good:
    """Another product that differs in one or two things; the part number goes along mostly."""
    ways = [way for way, able in (
        ("model", good.model), ("size", good.sizes), ("colour", good.colour), ("version", good.version),
        ("edition", good.edition), ("words", True), ("platform", good.platform), ("pack", good.pack > 1), ("title", good.title_words),
    ) if able]  # fmt: skip
    other = good
    for way in dice.sample(ways, k=min(len(ways), dice.choice((1, 1, 2)))):
        other = _changed(dice, other, way)
    if other.model and other.model == good.model and dice.random() < 0.9:
        other = replace(other, model=_near_model(dice, good.model))
    return replace(other, gtin=gtin(dice), price=round(good.price * dice.lognormvariate(0, 0.35), 2))


def _changed(dice: random.Random, good: Good, way: str) -> Good:  # noqa: PLR0911 - one for each way
    match way:
        case "model":
            return replace(good, model=_near_model(dice, good.model))
        case "size":
            place = dice.randrange(len(good.sizes))
            steps = _steps(good.kind, good.sizes[place])
            sizes = [*good.sizes]
            sizes[place] = (dice.choice(steps), good.sizes[place][1])
            return replace(good, sizes=tuple(sizes))
        case "colour":
            return replace(good, colour=dice.choice(list(COLOURS)))
        case "version":
            number = "".join(c for c in good.version if c.isdigit()) or "1"
            return replace(good, version=good.version.replace(number, str(int(number) + dice.choice((-1, 1, 1, 2))), 1))
        case "edition":
            return replace(good, edition=dice.choice(EDITIONS))
        case "platform":
            return replace(good, platform=dice.choice(PLATFORMS[2:]))
        case "pack":
            return replace(good, pack=dice.choice((2, 3, 4, 5, 8, 10)))
        case "title":
            return replace(good, title_words=(*good.title_words[:-1], dice.choice(TITLES), dice.choice(TITLES)))
    return replace(
        good, words=tuple(dict.fromkeys([*good.words[1:], *dice.choices(FEATURES, k=2), _name(dice).split()[0]]))
    )


def _steps(kind: tuple[str, ...], size: tuple[float, str]) -> list[str]:
    for kinds in KINDS.values():
        for names, units, _ in kinds:
            if tuple(names.split("|")) == kind:
                return [
                    step
                    for unit in units.split(";")
                    if unit.split(":")[0] == size[1]
                    for step in unit.split(":")[1].split(",")
                ]
    return [str(size[0])]


def _near_model(dice: random.Random, model: str) -> str:
    """A neighbour in the series: another digit, another letter, or one more letter."""
    places = [place for place, c in enumerate(model) if c.isalnum()]
    changed = list(model)
    for place in dice.sample(places, k=dice.choice((1, 1, 2, 3))):
        changed[place] = str(dice.randint(0, 9)) if model[place].isdigit() else dice.choice("ABCDEFGHKLMNPRSTVWXZ")
    text = "".join(changed)
    return text + dice.choice("BSWKX") if dice.random() < 0.12 else text
