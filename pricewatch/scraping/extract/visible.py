"""The prices that a visitor sees: every amount in the text, in page order, with what stands around it."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.currencies import SIGNS, SYMBOLS
from pricewatch.scraping.extract.dom import TEXT, Attributes, Document, ids, squeeze, tidy
from pricewatch.scraping.extract.neighbours import (
    MAX_TEXT,
    SKIPPED,
    began_before,
    goes_on,
    tells_money,
    whole,
    words_before,
    words_behind,
)
from pricewatch.scraping.extract.numerals import DIGITS, Numeral, is_plain_money, numerals, plain
from pricewatch.scraping.extract.price_text import lone
from pricewatch.scraping.extract.records import Candidate
from pricewatch.scraping.extract.zones import Zone, Zones, marks_of

Found = tuple[int, LexborNode, str]
MAX_SPOTS = 200
LONGEST_TITLE = 60
LONGEST_BUTTON = 40
FOLLOWING = 30  # texts behind one that says that others' items follow
BUTTONS = (40, 200)  # texts in front of the heading, and from it on, in which a button to buy counts
PRICED = 3  # elements around a bare number, one of which must name a price
NEAR = (40, 140)  # texts in front of the heading, and from it on, in which money is looked for first
FURTHER = 500  # texts from the heading on that are read first
_NUMBERS = re.compile(r"\d+")
_DIGIT_OR_SIGN = re.compile(rf"[{DIGITS}{SYMBOLS}]")
_DIGIT = re.compile(rf"[{DIGITS}]")
_LETTERS = re.compile(r"[^\W\d_]{4,}")
_BUY = re.compile(
    r"^\W*(?:add to (?:your )?(?:cart|basket|bag|trolley|order)|buy(?: it)?(?: now)?\W*$|"
    r"buy (?:it )?now\W*[a-z]{0,3}\W*\d|order now|do koszyka|"
    r"kup teraz|kup teď|dodaj do koszyka|kup\W*$|(?:in den|zum) (?:waren|einkaufs)korb|jetzt (?:kaufen|bestellen)|"
    r"sofort[- ]?kaufen|(?:in|toevoegen aan) (?:mijn |je |de )?winkel(?:wagen|mand)|(?:nu )?kopen\W*$|"
    r"(?:nu|direct) kopen\b|koop nu|bestel nu|"
    r"zamów(?: teraz)?\W*$|(?:přidat |vložit |dát )?do (?:nákupního )?košík|koupit|"
    r"legg i handlekurv|läg i|ajouter au panier|acheter|añadir a|comprar|aggiungi al carrello|"
    r"acquista|adicionar ao carrinho|"
    r"köp|kjøp|lisää|kosárba|adaugă în coș|в корзину|купить|lisa ostukorvi|"
    r"pievienot|dodaj u (?:košaricu|korpu)|v košarico|vložiť do|pridať do|sepete ekle|προσθήκη στο|στο καλάθι|"
    r"добави в|добавить в|додати в|до кошика|į krepšelį|agregar al|adaug[aă]|beli\b|\+? ?keranjang|masukkan|"
    r"thêm vào|mua ngay|ใส่|เพิ่ม|ซื้อ|أضف|اشتر|افزودن|lisa korvi|αγορά|הוסף|加入購物車|立即購買|加入购物车|"
    r"立即购买|カートに入れる|買い物かご|かごに入れる|購入|장바구니|바로구매|구매하기|"
    r"в корзин|купити|dodaj\W*$|add\W*$|kúpiť|kupi\W*$|compre\W*$|comprar|mettre au panier|j'achète|legen\W*$|"
    r"bestellen\W*$)",
    re.MULTILINE,
)
_BID_STEMS = ("licyt", "licit", "biet", "gebot", "bod", "bid", "bied", "přiho", "přího")
_BID = re.compile(
    r"^\W*(?:(?:za)?licytuj\b|(?:jetzt )?(?:mit)?bieten\b|gebot abgeben|bied (?:mee|nu)\b|plaats (?:een )?bod|"
    r"bod plaatsen|(?:place|submit|make) (?:a |your )?bid\b|bid now|přihodit|přihoď|licitovat|"
    r"\d+ (?:gebote?n?|bids?|biedingen|příhoz\w*|osob\w+ licytuj\w+|osób licytuje|licytując\w+)\b|"
    r"(?:počet příhozů|aantal biedingen|biedingen|(?:anzahl )?(?:der )?gebote|(?:number of )?bids|liczba licytujących)"
    r"\W{1,3}\d+\W*$)",
    re.MULTILINE,
)
_OTHERS = re.compile(
    r"\W*(?:(?:zobacz|sprawdź) (?:także|też|również|podobne|inne)|podobne\b|polecane|polecamy|proponujemy|"
    r"klienci (?:kupi|ogl|wybr)|inni (?:kupi|ogl|klienci)|ostatnio (?:ogl|przegl)|może ci|mogą ci|pasuje do|akcesoria|"
    r"(?:najczęściej|często) kup|kup(?:owane|ione)? (?:razem|w zestawie)|pozostałe (?:produkty|oferty)|"
    r"produkty (?:podobne|powiązane|polecane)|bestseller|"
    r"ähnliche|kunden (?:kauf|haben|interess|sahen)|andere kunden|wird oft|das könnte|dazu pass|passend|"
    r"zuletzt angesehen|empfehlungen|zubehör|vergleichbare|alternativen|weitere (?:artikel|produkte)|oft zusammen|"
    r"auch interessant|beliebte|alternativ|alternatyw|następ(?:ca|cy)|nachfolge|opvolger|nástupc|dokup|"
    r"vergelijkbare|soortgelijke|anderen (?:koch|bekek)|ook bekeken|bekijk ook|aanbevolen|laatst bekeken|vaak samen|"
    r"accessoires|misschien ook|meer (?:van|uit)|"
    r"podobn[éá]|súvisiac|související|zákazníc?i|ostatní také|mohlo by|naposledy|doporuč|odporúč|příslušenství|"
    r"príslušenstvo|ke zboží|alternativy|často kupovan|nejprodávan|"
    r"similar|related|you (?:may|might)|customers (?:also|who)|frequently|recently|recommended|more from|people also|"
    r"others also|accessories|compare with|more like this|best ?sellers?\b|complete (?:the|your) (?:look|set)|"
    r"(?:often )?bought together|pairs? (?:well|with)|goes well|picked for you|just for you|explore more|shop more|"
    r"trending|what others|"
    r"vous (?:aimerez|pourriez)|produits (?:similaires|associés|complémentaires|recommandés)|(?:nos|d'autres) clients|"
    r"souvent achetés|complétez|meilleures ventes|dans la même|"
    r"récemment|consultés|también te|te puede|productos (?:relacionados|similares)|otros (?:clientes|productos)|"
    r"comprados juntos|completa (?:el|tu)|los? más vendidos?|quizá|"
    r"vistos|recomendad|potrebbe|ti potr|prodotti (?:correlati|simili|consigliati)|chi ha (?:visto|acquis)|"
    r"spesso acquist|altri (?:clienti|prodotti)|abbinalo|"
    r"visti di|andra (?:köpte|tittade|kunder)|liknande|relatera|du kanske|senast (?:visade|sedda)|tillbehör|"
    r"lignende|andre k|relatere|måske|kanskje|sen(?:est|ast) sete|sist sett|tilbehør|anbefal|"
    r"samankalt|viimeksi|sinua saatt|suositt|muut asiakkaat|"
    r"hasonló|kapcsolódó|ezek is|mások ezt|legutóbb|ajánlott|tartozékok|"
    r"produse (?:similare|recomandate|asem)|clienții|te-ar putea|vizualizate recent|accesorii|"
    r"também pode|produtos (?:semelhantes|relacionados)|quem (?:viu|comprou)|"
    r"σχετικ|παρόμοι|προτειν|δείτε επίσης|ίσως|πρόσφατα|benzer|ilgili ürün|bunları da|önerilen|son (?:gez|görünt)|"
    r"sličn|povezan|preporuč|možda|podobni|sorodni|panaš|jums (?:gali|var)|rekomenduo|līdzīg|ieteic|sarnased|soovita|"
    r"produkty sponsor\w+|sponsored|gesponser\w+|gesponsorde|sponzorovan\w+|patrocinad\w+|sponsrade|"
    r"(?:\w+,? ){1,4}(?:recently|kürzlich|zuletzt|nedávno|ostatnio|récemment|recientemente|di recente|nyligen)\b|"
    r"(?:recently|kürzlich|zuletzt|onlangs|nedávno|naposledy|ostatnio|récemment|recientemente|nyligen)"
    r" (?:viewed|seen|angeseh|betracht|bekeken|zobraz|prohlíž|prohléd|navšt|ogląda|przegląda|vus|consult|vist|visa)|"
    r"похож|схож|рекоменд|с этим|з цим|вам (?:может|може)|недавно|нещодавно|подобни|свързани|може да)",
    re.IGNORECASE,
)
_SAID = re.compile(  # of a text that is no title: nothing that a badge or a label says, too
    r"\W*(?:produkty (?:sponsor|podobne|powiązane|polecane)|(?:inni )?klienci (?:kupi|ogl|wybr|także|również)|"
    r"gesponserte (?:produkt|artikel)|ähnliche (?:artikel|produkte)|kunden (?:kauf|haben|interess|sahen)|"
    r"das könnte (?:dir|ihnen)|"
    r"gesponsorde|vergelijkbare (?:artikel|produc)|anderen (?:koch|bekek)|zákazníc?i (?:také|tiež|kup)|"
    r"podobné (?:produkty|zboží|výrobky)|sponzorovan|customers (?:also|who)|you (?:may|might) also|people also|"
    r"(?:similar|related|sponsored) (?:items|products)|vous aimerez|produits (?:similaires|sponsor)|"
    r"clients? (?:ont aussi|ayant)|también te|productos (?:relacionados|similares|patrocin)|potrebbe (?:interess|piac)|"
    r"prodotti (?:correlati|simili|sponsor)|andra (?:köpte|kunder)|liknande (?:produkter|varor)|sponsrade)",
    re.IGNORECASE,
)
_LEVEL = {tag: level for level in (2, 3, 4, 5) for tag in ids(f"h{level}")}
_TITLES = frozenset(_LEVEL)
(_INPUT,), (_BUTTON,) = ids("input"), ids("button")
_PRESSED = frozenset({_INPUT, _BUTTON})
_WATCHED = SKIPPED | _TITLES | _PRESSED
_MEASURE = re.compile(
    r" ?(?:lbs?|oz|g|kg|ml|pkt|pts?|points?|punkt\w*|st|stk|szt|pcs|pieces|cm|mm|h|min|days?|dni|tage|watts?|hz)\b\.?",
    re.IGNORECASE,
)
LONGEST_SIGN = 6
_LABELLED = re.compile(  # an amount without a sign that is called the price
    r"\W*(?:cena|price|preis|prijs|prix|precio|prezzo|preço|pris|"
    r"cijena)(?: brutto)?\s?:\s?\d{1,3}(?:[ .]?\d{3})*[.,]\d{2}\W*$",
    re.IGNORECASE,
)
_DASHED = re.compile(r"\d{1,3}(?:[ .]?\d{3})*,[-–—]{1,2}")  # 479,-
_UNITS = frozenset({"ks", "km", "l", "mt", "db", "gs", "k", "e", "f", "q"})  # signs that a bare number has as a unit


@dataclass(slots=True)
class Spot:
    """One place in the text where money stands; `order` counts texts from the top of the page.

    `weighed` is what it comes to, worked out once, `where` the place, and `around` the elements around it.
    `before` and `behind` are the words around the number, `outer` those behind its element; `shape` is the pattern
    of markup it stands in: its element and the names around it, numbers left out.
    """

    node: LexborNode
    text: str
    numeral: Numeral
    order: int
    before: str
    behind: str
    zone: Zone
    outer: str = ""
    shape: str = ""
    where: str = ""
    weighed: Candidate | None = None
    around: dict[int, LexborNode] = field(default_factory=dict)


@dataclass(slots=True)
class Scan:
    """One walk over the page: its texts, the money in them, and where the item's heading stands (-1: nowhere).

    `whole` is false when only the neighbourhood of the heading was read: from the text `first` on. `title` is what the
    heading says, in lower case, `sections` are the texts that open a section below a heading of their own, of these
    `levels`, `pressed` the buttons in front of texts; `others` remembers which of the sections are of other items.
    """

    spots: list[Spot] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    heading: int = -1
    title: str = ""
    whole: bool = True
    first: int = 0
    sections: list[int] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    buttons: list[int] | None = None
    pressed: list[tuple[int, LexborNode]] = field(default_factory=list)
    others: dict[int, bool] = field(default_factory=dict)
    lowered: list[str] = field(default_factory=list)

    def near(self) -> Sequence[str]:
        """The texts that were read closely: all of them, or those around the heading."""
        return self.texts[self.first :] if self.first else self.texts

    def lower(self) -> list[str]:
        """The texts in lower case, white space squeezed."""
        known, texts = self.lowered, self.texts
        if len(known) < len(texts):
            more = texts[len(known) :]
            together = squeeze("\0".join(more)).lower().split("\0")
            known += together if len(together) == len(more) else [squeeze(text).lower() for text in more]
        return known

    def window(self, before: int, behind: int, longest: int, shortest: int = 2) -> str:
        """The short texts around the heading, one a line, in lower case."""
        start = max(self.heading, 0)
        near = self.lower()[max(0, start - before) : start + behind]
        return "\n".join([text for text in near if shortest <= len(text) <= longest])

    def of_the_item(self, behind: int, longest: int) -> str:
        """The short texts from the heading to the first section of other items, one a line, in lower case."""
        return self.window(0, self.end_of_item(behind), longest, 1)

    def end_of_item(self, most: int) -> int:
        """How many texts from the heading on are about the item: until the first section of other items."""
        others = (n for n in self.sections if n > self.heading and self.among_others(n + 1))
        return min(most, next(others, len(self.texts)) - max(self.heading, 0))

    def under_others(self, order: int) -> int:
        """The place of a text in front of another one that says, without being a title, that others' items follow."""
        start = max(self.heading + 1, order - FOLLOWING)
        places = range(min(order, len(self.texts)) - 1, start - 1, -1)
        return next((n for n in places if len(self.texts[n]) <= LONGEST_TITLE and _SAID.match(self.texts[n])), -1)

    def offers_to_buy(self, before: int, behind: int, *, pressable: bool = False) -> bool:
        """Whether a button to buy stands around the heading; `pressable` leaves out those that are disabled."""
        start = max(self.heading, 0)
        shown = [n for n in self._buttons() if start - before <= n < start + behind]
        return bool(shown) and not (pressable and self._closed().issuperset(shown))

    def _closed(self) -> set[int]:
        """The texts of buttons that cannot be pressed."""
        return {order for order, node in self.pressed if _is_disabled(node.attributes)}

    def buttons_below(self) -> int:
        """How many buttons to buy stand below the heading, other items' left out."""
        return sum(place >= self.heading for place in self._buttons())

    def _buttons(self) -> list[int]:
        """The places of the buttons to buy around the heading, looked for once."""
        if self.buttons is None:
            start = max(self.heading, 0)
            first = max(0, start - BUTTONS[0])
            near = enumerate(self.lower()[first : start + BUTTONS[1]], first)
            shown = [n for n, text in near if 1 < len(text) <= LONGEST_BUTTON and _BUY.match(text)]
            self.buttons = [n for n in shown if not self.among_others(n)]
        return self.buttons

    def among_others(self, order: int) -> bool:
        """Whether a text stands in a section that its heading gives to other items, behind the item's own heading."""
        place = bisect_left(self.sections, order) - 1
        return place >= 0 and self.heading < self.sections[place] < len(self.texts) and self._of_others(place)

    def _of_others(self, place: int) -> bool:
        """Whether a section, or the one around it, is of other items; each of these may have a title of its own."""
        known = self.others.get(place)
        if known is None:
            title, level = tidy(self.texts[self.sections[place]]), self.levels[place]
            outer = next((n for n in range(place - 1, -1, -1) if self.levels[n] < level), -1)
            known = self.others[place] = (len(title) <= LONGEST_TITLE and _OTHERS.match(title) is not None) or (
                outer >= 0 and self.heading < self.sections[outer] and self._of_others(outer)
            )
        return known

    def titles(self) -> list[str]:
        """The titles of the sections below the heading."""
        return [self.texts[n] for n in self.sections if self.heading < n < len(self.texts)]

    def takes_bids(self) -> bool:
        """Whether bids are taken around the heading."""
        lines = self.window(5, 80, 45)
        return any(stem in lines for stem in _BID_STEMS) and _BID.search(lines) is not None

    def only_takes_bids(self) -> bool:
        """Whether bids are taken around the heading, and nothing can be bought at once."""
        return self.takes_bids() and not self.offers_to_buy(0, 80)


class Walker:
    """Walks the body once, in page order; most texts are passed over after one look for a digit or a sign."""

    def __init__(self, document: Document) -> None:
        heading, body = document.main_heading, document.tree.body
        self._nodes = iter(body.traverse(include_text=True, skip_empty=True)) if body is not None else iter(())
        self._heading = (heading.mem_id, heading.tag_id) if heading is not None else (0, -1)
        self._zones = Zones(document)
        self._title = plain(squeeze(document.heading))
        self._seen: set[tuple[int, int]] = set()
        self._marked: dict[int, bool] = {}
        self._shapes: dict[tuple[str, int], str] = {}
        self._left: list[Found] = []
        self._scan = Scan(whole=False, title=self._title.lower())

    def near(self) -> Scan:
        """Read on to some way below the heading, and look for money around it: it can hardly be further away."""
        scan = self._scan
        self._visit(FURTHER)
        first, last = max(scan.heading, 0) - NEAR[0], max(scan.heading, 0) + NEAR[1]
        scan.first = max(first, 0)
        found = self._left
        self._left = [place for place in found if not first < place[0] <= last]
        self._look([place for place in found if first < place[0] <= last])
        return scan

    def walk(self) -> Scan:
        """Read to the end, and look for money everywhere."""
        scan = self._scan
        self._visit()
        self._look(self._left)
        self._left = []
        scan.spots.sort(key=lambda spot: spot.order)
        scan.whole, scan.first = True, 0
        return scan

    def _look(self, found: Sequence[Found]) -> None:
        spots = self._scan.spots
        for order, node, text in found:
            if len(spots) >= MAX_SPOTS:
                return
            spots.extend(self._text(order, node, tidy(text)))

    def _visit(self, beyond: int = 0) -> None:
        """Collect the texts, up to so many beyond the heading, and set aside those that may hold money."""
        scan, interesting = self._scan, _DIGIT_OR_SIGN.search
        texts, collect, set_aside = scan.texts, scan.texts.append, self._left.append
        watched = _WATCHED | {self._heading[1]}
        skip, last = False, sys.maxsize
        for node in self._nodes:
            tag = node.tag_id
            if tag == TEXT:
                if skip:
                    skip = False
                    continue
                text = (node.text_content or "").strip()
                collect(text)
                if interesting(text):
                    if len(text) <= MAX_TEXT:
                        set_aside((len(texts), node, text))
                elif len(text) <= LONGEST_SIGN and text.casefold() in SIGNS:
                    set_aside((len(texts), node, text))
                if len(texts) >= last:
                    return
            elif tag in watched:
                skip = tag in SKIPPED
                if (not skip or tag == self._heading[1]) and self._element(node, tag) and beyond:
                    last = len(texts) + beyond
            else:
                skip = False

    def _element(self, node: LexborNode, tag: int) -> bool:
        """Note what an element is beside its text: a button, a section's title, or the heading (True)."""
        scan = self._scan
        if tag in _PRESSED:
            scan.pressed.append((len(scan.texts), node))
            if tag == _INPUT and (label := _button(node.attributes)):
                scan.texts.append(label)
        if tag == self._heading[1] and scan.heading < 0 and node.mem_id == self._heading[0]:
            scan.heading = len(scan.texts)
            return True
        if tag in _TITLES:
            scan.sections.append(len(scan.texts))
            scan.levels.append(_LEVEL[tag])
        return False

    def _text(self, order: int, node: LexborNode, text: str) -> list[Spot]:
        if not _DIGIT.search(text):
            return self._joined(order, node, plain(text)) if len(text) <= 6 else []
        if tells_money(text):
            return self._spots(order, node, plain(text))
        if len(text) <= LONGEST_BUTTON and _LABELLED.match(text):
            return self._joined(order, node, plain(text), bare=True)
        if len(text) <= 24 and not _LETTERS.search(text) and self._in_price_markup(node.parent):
            return self._joined(order, node, plain(text), bare=True)
        return []

    def _in_price_markup(self, node: LexborNode | None) -> bool:
        marked = self._marked
        for _ in range(PRICED):
            if node is None:
                return False
            place = node.mem_id
            known = marked.get(place)
            if known is None:
                known = marked[place] = marks_of(self._zones.named(node, place)[0]).price
            if known:
                return True
            node = node.parent
        return False

    def _spots(self, order: int, node: LexborNode, line: str) -> list[Spot]:
        """The money in a text that has digits and a sign."""
        money = [n for n in numerals(line) if is_plain_money(n)]
        parent = node.parent
        if parent is None:
            return []
        if money:
            if began_before(node, money[0]):
                return self._joined(order, parent, line)
            if goes_on(node, line, money[-1]):
                return self._joined(order, node, line)
            return self._made(order, parent, line, money, node)
        if len(line) <= 24 and not _LETTERS.search(line):
            bare = _DASHED.fullmatch(line) is not None or self._in_price_markup(parent)
            return self._joined(order, node, line, bare=bare)
        return []

    def _joined(self, order: int, node: LexborNode, line: str, *, bare: bool = False) -> list[Spot]:
        """The money that a text is only a part of; `bare` takes a number without any sign as well."""
        parent = node.parent
        if parent is None:
            return []
        holder, line, found = whole(parent, line)
        money = [n for n in found if is_plain_money(n)]
        if not money and bare and (number := lone(line)) and not _is_measured(number, line):
            money = [number]
        return self._made(order, holder, line, money)

    def _made(
        self, order: int, holder: LexborNode, line: str, money: list[Numeral], start: LexborNode | None = None
    ) -> list[Spot]:
        made: list[Spot] = []
        if not money:
            return made
        zone = self._zones.of(holder)
        shape = self._shape(holder.tag or "", zone)
        earlier = 0
        for numeral in money[:4]:
            key = (holder.mem_id, numeral.start)
            if key in self._seen:
                continue
            self._seen.add(key)
            before, behind = line[earlier : numeral.start], line[numeral.end :]
            outer = "" if zone.other or zone.struck or behind.strip() else words_behind(start or holder)
            if not zone.other and not earlier and len(before.strip()) < 3:
                before = f"{words_before(start or holder, self._title)} {before}"
            made.append(Spot(holder, line, numeral, order, before, behind, zone, outer, shape))
            earlier = numeral.end
        return made

    def _shape(self, tag: str, zone: Zone) -> str:
        key = (tag, id(zone))
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = _NUMBERS.sub("#", f"{tag}|{zone.near}|{zone.other}")
        return shape


def _is_measured(number: Numeral, line: str) -> bool:
    """Whether a number without a sign of money is one of pounds, points, pieces or the like."""
    return number.sign.casefold() in _UNITS or _MEASURE.match(line, number.end) is not None


def _is_disabled(attributes: Attributes) -> bool:
    return "disabled" in attributes or attributes.get("aria-disabled") == "true"


def _button(attributes: Attributes) -> str:
    """What an input element that is a button says."""
    kind = (attributes.get("type") or "").lower()
    shown = kind in {"submit", "button", "image"} or (not kind and "cart" in (attributes.get("id") or ""))
    return (attributes.get("value") or attributes.get("alt") or "").strip()[:MAX_TEXT] if shown else ""
