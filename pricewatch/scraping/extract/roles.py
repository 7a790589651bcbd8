"""What a number is the price of, told by the words and the markup around it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.currencies import SYMBOLS

Rule = tuple[PriceRole, str]


def _any_of(rules: Iterable[Rule], start: str) -> re.Pattern[str]:
    """One expression for all rules; the group that matched names the role."""
    return re.compile(f"{start}(?:" + "|".join(f"(?P<{role.name}>{words})" for role, words in rules) + ")")


# Another condition than the item's own: right in front of the number, and not as the value of a label.
_USED = (
    r"(?<!: )(?<!\| )(?:open[- ]box|refurbished|renewed|pre-?owned|used|gebraucht\w*|b-ware|refurbed|używan\w*|"
    r"powystawow\w*|outlet|z drugiej ręki|po zwrocie|použit\w*|rozbalen\w*|bazarov\w*|z bazaru|tweedehands|gebruikt\w*|"
    r"refurbs?|d'occasion|occasion|reconditionn\w*|reacondicionad\w*|segunda mano|usato|ricondizionat\w*)"
    r"(?= ?(?:from|ab|od|vanaf|dès|desde|da|already from|już od|at|für|za|voor)?\W*$)"
)
# Words before (or, where they can, behind) a number. The first rule that fits wins.
_BEFORE: tuple[Rule, ...] = (
    (
        PriceRole.LOWEST_30_DAYS,
        r"najniższ\w+ cen|najniz\w+ cen|lowest price|last 30 days|ostatnich 30 dni|z 30 dni|letzten 30 tage|30-tage|"
        r"niedrigste[rn]?\b|tiefster preis|bester preis der letzten|laagste prijs|le plus bas|precio (?:mínimo|"
        r"más bajo)|più basso|lägsta pris|laveste pris|afgelopen 30|nejnižší cen|posledních 30|30 jours|30 giorni|"
        r"30 días|30 dias|30 dní",
    ),
    (
        PriceRole.INSTALMENT,
        r"rat[ay]?\b|ratę|raty|rat[aę] od|instal?lments?|monthly|per month|payments? of|\d+ ?[x×]\s*$|finanzierung|"
        r"monatlich|splátk\w*|měsíčně|cuotas?|parcelas?|mensualit\w*|al mese|per maand|klarna|paypo|afterpay|"
        r"affirm|apr\b|"
        r"в месяц|рассрочк\w+|ежемесячн\w+|taksit\w*|תשלומים של|每期|分期\w*|할부|(?:pro|per|i) månad|lunar|havi\b|"
        r"miet(?:en|e|preis)\b|rent(?:al)?\b|wynaj\w+|huur\w*|huren|louer|pronáj\w+|alquil\w+|noleggi\w+|leasing|"
        r"as low as \$?\d* ?/|pay in|ou \d+x|até \d+x|em até",
    ),
    (
        PriceRole.SHIPPING,
        r"shipping|delivery|postage|p&p|dostaw\w*|wysyłk\w*|przesyłk\w*|versand\w*|lieferung|zustellung|verzend\w*|"
        r"bezorg\w*|doprav\w*|poštovn\w*|doručen\w*|livraison|frais de port|env[ií]o|spedizione|consegna|frete|"
        r"porte[sz]?\b|entrega|"
        r"toimitus\w*|frakt|fragt|livrare|szállítás|доставк\w*|tarne|piegāde|pristatym\w*|משלוח|送料|運費|运费|배송비|"
        r"kargo|"
        r"dostav[ae]|αποστολή|μεταφορικά|kurier\w*|kurýr\w*|kuriér\w*|courier|koerier|coursier|corriere|paczkomat\w*|"
        r"packeta|zásilkovn\w*|inpost|postnl|dhl|dpd|gls|ups",
    ),
    (
        PriceRole.WAS,
        r"was\b|were\b|statt\b|ursprünglich|instead of|list price|list:|msrp|rrp|srp\b|uvp|reg\.|regular price|"
        r"regularna|retail|"
        r"comp\. value|compare at|typical price|original(?:ly| price)|before|full price|previous|"
        r"było|poprzedni\w*|zamiast|cena regularna|stara cena|cena katalogowa|sugerowana|rynkowa|"
        r"ostatnia cena|letzter preis|laatste prijs|laatst bekende prijs|poslední cena|last (?:known )?price|"
        r"alter preis|bisher|vorher|ehemals|listenpreis|van voor|was:|adviesprijs|oude prijs|původn\w*|běžn\w* cena|"
        r"bežn\w* cena|doporučen\w*|stará cena|ancien prix|prix (?:conseillé|barré)|au lieu|antes|precio anterior|pvp|"
        r"precio recomendado|prezzo consigliato|invece|anziché|prezzo precedente|listino|ovh\.?|ovp|förut|"
        r"ord(?:inarie)?\.? pris|"
        r"katalogpreis|neupreis|ladenpreis|catalogue price|cover price|veil(?:edende)?\.? pris|førpris|tidigare pris|"
        r"normaalihinta|ovh-hinta|korábbi ár|listaár|prp\b|"
        r"preț recomandat|"
        r"redovna cijena|stara cijena|redna cena|αρχική τιμή|"
        r"מחיר (?:קודם|רגיל|מחירון|לפני|מלא)|במקום|(?:メーカー)?希望小売価格|定価|通常価格|参考価格|建議售價|原價|"
        r"定價|市價|"
        r"原价|市场价|定价|정가|소비자가|시중가|"
        r"før|стара|старая|вместо|eredeti ár|prețul anterior|preț vechi|de:\s*$",
    ),
    (
        PriceRole.CLUB,
        r"members?|club\b|klub\w*|monet\w*|premium|smart!|adh[ée]rents?|socios?\b|soci\b|tessera|"
        r"(?<!\w)(?:mit|with|avec|met|con|dla|pro|z|s|w) \w{0,12} ?\w*plus\b\+?|(?:kunden|bonus|vorteils)karte|"
        r"(?<!gift )(?<!sd )(?<!memory )(?<!graphics )card(?: price|[- ]?preis|holders?)?\b|family\b|"
        r"loyalty|reward\w*|prime (?:price|member)|with card|(?<!bez )(?:karty|kart[ąa]\b)|mitglied\w*|"
        r"(?<!ohne )kundenkarte|(?<!zonder )bonuskaart|(?<!zonder )klantenkaart|"
        r"ace rewards|tarjeta|carta fedeltà|carte|plus[- ]preis|red ?card|store card|credit card|with subscription|"
        r"subscribe|abonn\w*|spar-abo|nectar|clubcard",
    ),
    (
        PriceRole.COUPON,
        r"coupon|kupon\w*|voucher|promo ?code|with code|z kodem|kod (?:rabatow|promoc|zniżk)\w*|"
        r"gutschein\w*|kortingscode|slevov\w+ k[óo]d|"
        r"code promo|cupón|codice|rabattcode",
    ),
    (
        PriceRole.OTHER_PRODUCT,
        r"save\b|saving|you save|oszczędzasz|oszczędność|(?:za)?oszczędź|zyskujesz|sparst|spare\b|"
        r"taniej o|rabat|sie sparen|ersparnis|bespaar|korting|ušetř\w*|"
        r"sleva|économi\w*|ahorr\w*|risparmi\w*|desconto|spara|spar\b|rabais|"
        r"remise\b|säästä\w*|megtakarítás\w*|kedvezmény|reducere|экономи\w*|скидка|выгода|економі\w*|знижка|отстъпка|"
        r"popust|ušteda|prihranek|έκπτωση|κέρδος|indirim\w*|kazanç\w*|gift ?card|trade[- ]in|protection plan|"
        r"warrant\w*|"
        r"zadat(?:ek|ku)|zaliczk\w*|przedpłat\w*|anzahlung|acompte|aanbetaling|vooruitbetaling|záloh\w*|acconto|"
        r"gwarancj\w*|garantie\w*|ubezpiecz\w*|\w*versicherung|insurance|assurance|assicurazion\w*|verzekering|"
        r"pojištění|"
        r"(?:monats|jahres|geräte|komplett|sofort|langzeit|rundum|premium)-?schutz|\w*schutzbrief|ochrona (?:na|"
        r"sprzętu)|"
        r"deposit|kaucj\w*|pfand|cashback|bonus|"
        r"points|punkt\w*|bon(?:em|y|u)?\b|talon\w*|"
        r"orders? (?:over|above|of)|over\b(?!-)|powyżej|ab einem|spend|minimum|min\. order|éco-?part\w*|recyclag\w*|"
        r"(?<![a-z.] )(?:tax|vat):|"
        r"(?:free|gratis|kostenlos|kostenfrei|bezmaksas|tasuta|nemokam\w+|darmow\w+|zdarma|ilmainen|gratuit\w?) "
        r"(?:from|ab|od|no|nuo|alates|vanaf|från|fra|alkaen|dès|desde)\W*$|"
        r"następc\w*|zamiennik\w*|nachfolger\w*|opvolger\w*|alternatief|nástupc\w*|successor|replaced by|"
        r"subtotal|koszyk|basket|your cart|warenkorb|winkelwagen|košík|total:|bundle|zestaw\w* za|refund|earn|"
        r"(?:under|below|less than|moins de|unter|poniżej|onder|menos de|meno di|pod|alle|alatt|under)\W*$|"
        rf"{_USED}",
    ),
    (
        PriceRole.UNIT,
        r"unit price|grundpreis|cena jednostkowa|per unit|prix au|preis pro|prijs per|jednotková cena|"
        r"cena za (?:1 )?(?:kg|l|szt|m)",
    ),
    (PriceRole.BID, r"(?:current|highest|winning|starting|minimum) bid|bid:|(?:mindest|höchst|start)gebot|min\.? gebot|"
        r"najwyższa oferta|aktualna oferta|licytacj\w*|cena wywoławcza|gebot|startpreis|"
        r"(?:huidige?|hoogste|minimum|openings) ?bod|startbod|příhoz\w*|vyvolávací cena|enchère|puja"),
    (
        PriceRole.FROM,
        r"from\s*:?\s*$|od\s*:?\s*$|ab\s*:?\s*$|vanaf\s*:?\s*$|starting (?:at|from)|as low as|à partir de|dès\s*$|"
        r"desde\s*$|"
        r"a partir de|da\s*$|a partire da|från\s*$|fra\s*$|alkaen|от\s*$|starts? at|lowest|już od|cena od",
    ),
)  # fmt: skip
_BEHIND: tuple[Rule, ...] = (
    (
        PriceRole.INSTALMENT,
        r"/ ?(?:mo|month|mies|monat|měs|mois|mes|mese|maand)\b|per month|monthly|miesięcznie|monatlich|měsíčně|"
        r"[x×] ?\d+ (?:rat|mies|month|with|mit\b|avec|con\b|met\b|payments)|al mese|par mois|al mes|pro monat|"
        r"x \d+ rat|in \d+ (?:payments|instal)|"
        r"per maand|with affirm|sin interes|/ ?(?:mån|mnd|md|kk|wk|week|woche|tydz\w*|day|tag|dzień|doba)\b|"
        r"(?:pro|per|i|par|al|na|za) (?:woche|week|tydzień|månad|måned|tag\b|day|dzień|dobę)|sem juros|sem acréscimo|"
        r"x sem|"
        r"hesabınıza taksit|taksitle",
    ),
    (
        PriceRole.UNIT,
        r"(?:/|per|za|pro|je|par|al|por|/ ?1) ?(?:\d+(?:[.,]\d+)? ?)?(?:kg|g|100 ?g|l|ml|100 ?ml|litr\w*|liter|"
        r"litre|m²|m2|mb|m|oz|fl ?oz|lb|"
        r"kaps\w*|tabl\w*|saszet\w*|gélule\w*|comprim\w*|cápsula\w*|prani\w*|waschlad\w*|wash\w*|dawk\w*|"
        r"ounce|count|ea|each|unità|tab\w*|capsul\w*|sq\.? ?ft|meter|metr)\b\.?",
    ),
    (
        PriceRole.SHIPPING,
        r"(?:for )?(?:shipping|delivery|postage|p&p|versand\b|dostawa|doprava|livraison)|z (?:dostawą|wysyłką)|"
        r"(?:verzend|bezorg|versand)kosten\b(?!\W{0,3}\d)|"
        r"\w+(?:versand|verzending)\b|(?:de )?frais de (?:port|livraison)|(?:de )?(?:gastos de )?envío|"
        r"(?:di )?spedizione|"
        r"s dopravou",
    ),
    (PriceRole.WAS, r"uvp|rrp|msrp|list price|was\b|[-–] ?cena (?:sugerowana|katalogowa|regularna)"),
    (PriceRole.OTHER_PRODUCT, r"(?:after|with) (?:trade|cashback|rebate|exchange)|nach (?:cashback|eintausch|"
    r"inzahlungnahme)|"
        r"(?:po|przy) (?:cashback\w*|oddaniu|odsprzedaży|wymianie)|(?:na|met) (?:inruil|cashback)|po výměně|"
        r"après reprise|"
        r"off\b|rabatt?\b|sparen|discount|taniej|korting|sleva|saved|cashback|gift card|"
        r"(?:\w+ )?(?:pfand|einwegpfand)|kaucj\w*|statiegeld|zálo\w+|consigne|neufs?\b|recyk\w*|recycl\w*"),
    (
        PriceRole.CLUB,
        r"(?:with|z|mit|for|avec|con|met|s) (?:\w{1,12} )?(?:card|kart\w*|carte|tarjeta|members?|prime|clubcard|nectar|"
        r"klub\w*|club|premium\b|smart!|\w*plus\b|redcard)|(?:no|via|com) (?:o )?pix\b|(?:no|à vista no) boleto|"
        r"(?:clubcard|nectar|"
        r"members?|member'?s|prime|club|loyalty) price",
    ),
    (
        PriceRole.COUPON,
        r"(?:with|z|mit|avec|met|con|s|se) (?:(?:the|le|dem|de|el|il|the) )?(?:code|kodem|kuponem|coupon|code promo|"
        r"cupón|kódem|"
        r"gutschein\w*|kupón\w*|codice|slevovým kódem|código)\b",
    ),
)  # fmt: skip
_PRICE = r"(?:price|preis|cena|prijs|prix|precio|prezzo|preco|pris|pret|fiyat|kaina|hinta|amount|value|cost|val)"
_OLD = (
    r"(?:old|was|list|rrp|msrp|uvp|strike\w*|struck|stroke|stroked|crossed(?:[-_]?out)?|before|original|orig|previous|"
    r"prev|compare\w*|base|full|retail|normal|suggested(?:[-_]?retail)?|statt|pvp|high|barr(?:e|ato)|tachad[oa]|"
    r"riscado|scontato-da|"
    r"initial|first|standard|"
    r"stri[kp]p?ed|stripe|non[-_]?sale|line-?through|through|lined|reference|recommended|basis|przekreslona|stara|"
    r"puvodni|oude|ancien|"
    r"anterior|strikethrough|former|poprzedni[ae]|eerder|eski|regi|vechi|ord(?:inarie)?|gammel|senoji|vana|"
    r"non[-_]?(?:discounted|promo\w*))"
)
_MARKUP: tuple[Rule, ...] = (
    (PriceRole.LOWEST_30_DAYS, r"omnibus|lowest-?(?:price)?|30[-_]?da?[yn]|najnizsz"),
    (
        PriceRole.INSTALMENT,
        r"instal+ment|\braty?\b|leasing|monthly|financ|klarna|affirm|afterpay|credit|parcel|cuota|paypo",
    ),
    (PriceRole.SHIPPING, r"shipping|delivery|dostaw|versand|freight|postage|livraison|envio"),
    (
        PriceRole.WAS,
        rf"(?<![a-z]){_OLD}[-_]{{0,2}}{_PRICE}(?![a-z])|{_PRICE}[-_]{{0,2}}(?:is-)?(?!list(?![a-z])){_OLD}(?![a-z])|"
        rf"{_PRICE}[\w-]*[-_](?:before|previous|former)(?![a-z])|"
        r"preis[-_]{0,2}alt(?![a-z])|(?<![a-z])alt(?:er)?[-_]{0,2}preis|prijs[-_]{0,2}oud(?![a-z])|"
        r"(?:^|[ _-])(?:old|was|former|previous|rrp|msrp|uvp|"
        r"strike|struck|crossed|strikethrough|line-?through|strike-?through|statt|barrato|barre|tachado|"
        r"przekreslon[ay]|eski|before(?!-)|stara|gammel|alter|oude|"
        r"pvp)(?=[ _-]|$)",
    ),
    (PriceRole.CLUB, r"member|\bclub|loyal|reward|(?:prime|premium)[-_]?price|price[-_]{0,2}premium|(?:store|credit|"
    r"debit|family|bonus|red|"
        r"customer)-?card-?price|subscri|sns-"),
    (PriceRole.COUPON, r"coupon|voucher|promocode|discountcode"),
    (PriceRole.UNIT, r"unit[-_]?price|price[-_]?per[-_]?(?!unit)|grundpreis|measure|\bppu|price[-_]?unit\b"),
    (
        PriceRole.OTHER_PRODUCT,
        r"saving|\bsave\b|discount-?(?:amount|value|badge)|you-?save|warrant|trade-?in|after-?trade|gift-?card|"
        r"(?<![a-z-])gifts?(?![a-z-])|deposit|cashback|"
        r"bonus|protection",
    ),
    (PriceRole.BID, r"(?<![a-z])bids?(?![a-z])|current-?bid"),
)  # fmt: skip

_PER = re.compile(
    r"^\W*(?:/|per\b|pro\b|je\b|za\b|par\b|[aà]l?\b|por\b|1 ?(?:kg|l|g|m)\b)|\b(?:kg|100 ?g|100 ?ml|litre|liter|litr)\b"
)
_EACH = re.compile(r" ?(?:/|per\b) ?[^\W\d][\w. ]{1,20}\)", re.IGNORECASE)  # ($6.24 / Pack)
_PER_WORDS = re.compile(
    r"grundpreis|unit price|jednostk|jednotk|(?:kg|ml|l|g|m[²2]?|szt|stk|st)\.? ?[=:(]\W*$|prix au|per \w+\W*$"
)
_STATES = re.compile(
    r"(?:^|(?<=[ |]))(?:[\w-]*-{1,2})?(?:with|has|have|no|show|hide|without)[-_](?!tax|vat|btw|dph)\S+"
)
_BUY_NOW = re.compile(
    r"(?:kup teraz|kup teď|koupit (?:ih|h|ny)\w+|koop nu|(?:nu|direct) kopen|sofort[- ]?kaufen|buy (?:it )?now)\W*$"
)
_TIME = re.compile(
    r"\W*(?:w|in|do|za|within|binnen|innerhalb|w ciągu|ciągu|ca\.?|ok\.?|tomorrow|jutro|morgen|zítra)?\W*"
    r"(?:\d+ ?(?:[-–] ?\d+ ?)?(?:h\b|godz|dni|dzień|days?|hours?|std|stunden|(?:werk|arbeits)?tage?n?|(?:werk)?dag|uur|"
    r"dnů|dní|dny|den\b|jours?|días?|giorni|dias?|дн|天|日))[^\d]*$"
)
FILLER = " ,;:*()-–"
_ON_TOP = re.compile(r"(?:^|[^\d+])\+\s*$|(?:zzgl\.?|zuzüglich|(?:^|[^\w\s+] ?)plus)\s*$")
_FROM_AFAR = frozenset({"UNIT", "INSTALMENT"})
_FOR_SOME = frozenset({"CLUB", "COUPON"})
_AFTER = ("after ", "with ", "nach ", "po ", "przy ", "na ", "met ", "après ")
_DIGIT = re.compile(r"\d")
_FREE = re.compile(r"(?:free|darmow\w+|gratis|kostenlos\w*|bezpłatn\w+|zdarma|offert\w?|gratuit\w?)\W*$")
_FREE_BEHIND = re.compile(r" ?(?:za ?darmo|zdarma|gratis|gratuit\w?|kostenlos|free|offerte)\b")
_BY_MARKUP = tuple((role, re.compile(words)) for role, words in _MARKUP)
_BY_WORDS_BEHIND = _any_of(_BEHIND, "")
_AMOUNT = re.compile(rf"\d ?(?:[{SYMBOLS}]|zł|Kč|EUR|PLN|CZK)|[{SYMBOLS}] ?\d[\d.,]*")
_BY_WORDS_BEFORE = _any_of(_BEFORE, r"(?<!\w)")


def role_of(before: str, behind: str, outer: str, markup: str, *, struck: bool) -> tuple[PriceRole, str]:
    """The role of a number and the reason: struck out, its markup, the words behind it, the nearest words before.

    `outer` are words behind its element: there only a unit or an instalment is still about the number.
    """
    if struck:
        return PriceRole.WAS, "struck out"
    role, reason = _by_markup(markup)
    if role is PriceRole.UNIT and not _is_per_unit(before.lower(), f"{behind} {outer}".lower()):
        role, reason = PriceRole.REGULAR, ""  # some shops call the price of one piece so
    elif role is PriceRole.WAS and _PER_WORDS.search(before[-40:].lower()):
        role, reason = PriceRole.UNIT, f"called {before[-40:].strip()!r}"  # "base price" is both
    if reason:
        return role, reason
    found = _BY_WORDS_BEHIND.match(behind.lstrip(FILLER).lower())
    if not found and not behind.strip(FILLER):
        found = _BY_WORDS_BEHIND.match(outer.lstrip(FILLER).lower())
        found = found if found and _is_from_afar(found, outer) else None
    if found and found.lastgroup:
        return PriceRole[found.lastgroup], f"followed by {found.group().strip()!r}"
    if before.endswith("(") and (each := _EACH.match(behind)):
        return PriceRole.UNIT, f"in brackets, followed by {each.group().strip(' )')!r}"
    words = before[-90:].lower()
    if _ON_TOP.search(words):
        return PriceRole.OTHER_PRODUCT, "comes on top"
    matches = [
        m
        for m in _BY_WORDS_BEFORE.finditer(words)
        if not (_is_free_delivery(m, words) or _is_for_sale(m, words) or _is_time(m, words))
    ]
    if not matches:
        return PriceRole.REGULAR, ""
    last = next((m for m in reversed(matches) if m.lastgroup != "FROM"), matches[-1])
    return PriceRole[last.lastgroup or ""], f"preceded by {last.group().strip()!r}"


def _is_from_afar(found: re.Match[str], outer: str) -> bool:
    """Whether words behind the element of a number are still about it; those with a number have their own."""
    if found.lastgroup in _FROM_AFAR:
        return True
    return (found.lastgroup in _FOR_SOME or found.group().startswith(_AFTER)) and not _DIGIT.search(outer)


def _is_per_unit(before: str, behind: str) -> bool:
    return bool(_PER.search(behind) or _PER_WORDS.search(before))


def _is_free_delivery(match: re.Match[str], words: str) -> bool:
    if match.lastgroup != "SHIPPING":
        return False
    return bool(_FREE.search(words[: match.start()]) or _FREE_BEHIND.match(words, match.end()))


def _is_time(match: re.Match[str], words: str) -> bool:
    """Whether words of delivery say how long it takes, and end there: `Wysyłka w 1 dzień`, `Lieferung: 2-3 Tage`."""
    return match.lastgroup == "SHIPPING" and _TIME.match(words, match.end()) is not None


def _is_for_sale(match: re.Match[str], words: str) -> bool:
    """Whether words of buying at once stand between those of a bid and the number."""
    return match.lastgroup == "BID" and _BUY_NOW.search(words, match.end()) is not None


@lru_cache(maxsize=16_384)
def _by_markup(markup: str) -> tuple[PriceRole, str]:
    markup = _STATES.sub(" ", markup)
    for role, pattern in _BY_MARKUP:
        found = pattern.search(markup)
        if found:
            return role, f"markup says {found.group().strip()!r}"
    return PriceRole.REGULAR, ""
