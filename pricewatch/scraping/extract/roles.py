"""What a number is the price of, told by the words and the markup around it."""

from __future__ import annotations

import re

from pricewatch.domain.offer import PriceRole

Rule = tuple[PriceRole, re.Pattern[str]]


def _words(role: PriceRole, words: str) -> Rule:
    return role, re.compile(rf"(?<!\w)(?:{words})", re.I)


# Words before (or, where they can, behind) a number. The first rule that fits wins.
_BEFORE: tuple[Rule, ...] = (
    _words(
        PriceRole.LOWEST_30_DAYS,
        r"najniższ\w+ cen|najniz\w+ cen|lowest price|last 30 days|ostatnich 30 dni|z 30 dni|letzten 30 tage|30-tage|"
        r"niedrigster|laagste prijs|afgelopen 30|nejnižší cen|posledních 30|30 jours|30 giorni|30 días|30 dias|30 dní",
    ),
    _words(
        PriceRole.INSTALMENT,
        r"rat[ay]?\b|ratę|raty|rat[aę] od|instal?lments?|monthly|per month|payments? of|\d+ ?[x×]\s*$|finanzierung|"
        r"monatlich|splátk\w*|měsíčně|cuotas?|parcelas?|mensualit\w*|al mese|per maand|klarna|paypo|afterpay|affirm|apr\b|"
        r"в месяц|рассрочк\w+|leasing|as low as \$?\d* ?/|pay in|ou \d+x|até \d+x|em até",
    ),
    _words(
        PriceRole.SHIPPING,
        r"shipping|delivery|postage|p&p|dostaw\w*|wysyłk\w*|przesyłk\w*|versand\w*|lieferung|zustellung|verzend\w*|"
        r"bezorg\w*|doprav\w*|poštovn\w*|doručen\w*|livraison|frais de port|env[ií]o|spedizione|consegna|frete|porte[sz]?\b|entrega|"
        r"toimitus\w*|frakt|fragt|livrare|szállítás|доставк\w*|tarne|piegāde|pristatym\w*|משלוח",
    ),
    _words(
        PriceRole.WAS,
        r"was\b|were\b|statt\b|instead of|list price|list:|msrp|rrp|srp\b|uvp|reg\.|regular price|regularna|retail|"
        r"comp\. value|compare at|typical price|original(?:ly| price)|before|full price|previous|"
        r"było|poprzedni\w*|zamiast|cena regularna|stara cena|cena katalogowa|sugerowana|rynkowa|"
        r"alter preis|bisher|vorher|ehemals|listenpreis|van voor|was:|adviesprijs|oude prijs|původn\w*|běžn\w* cena|"
        r"bežn\w* cena|doporučen\w*|stará cena|ancien prix|prix (?:conseillé|barré)|au lieu|antes|precio anterior|pvp|"
        r"precio recomendado|prezzo consigliato|invece|anziché|prezzo precedente|listino|ovh\.?|ovp|förut|ord\.? pris|"
        r"før|стара|старая|вместо|eredeti ár|prețul anterior|preț vechi|de:\s*$",
    ),
    _words(
        PriceRole.CLUB,
        r"members?|club\b|klub\w*|loyalty|reward\w*|prime (?:price|member)|with card|karty|kart[ąa]\b|mitglied\w*|kundenkarte|"
        r"ace rewards|tarjeta|carta fedeltà|carte|plus[- ]preis|red ?card|store card|credit card|with subscription|"
        r"subscribe|abonn\w*|spar-abo|nectar|clubcard",
    ),
    _words(
        PriceRole.COUPON,
        r"coupon|kupon\w*|voucher|promo ?code|with code|z kodem|kod:? |gutschein\w*|kortingscode|slevov\w+ k[óo]d|"
        r"code promo|cupón|codice|rabattcode",
    ),
    _words(
        PriceRole.OTHER_PRODUCT,
        r"save\b|saving|you save|oszczędzasz|oszczędność|taniej o|rabat|sie sparen|ersparnis|bespaar|korting|ušetř\w*|"
        r"sleva|économi\w*|ahorr\w*|risparmi\w*|desconto|spara|spar\b|gift ?card|trade[- ]in|protection plan|warrant\w*|"
        r"gwarancj\w*|garantie\w*|ubezpiecz\w*|versicherung|insurance|deposit|kaucj\w*|pfand|cashback|bonus|points|punkt\w*|"
        r"orders? (?:over|above|of)|over\b|powyżej|ab einem|spend|minimum|min\. order|éco-?part\w*|recyclag\w*|tax:|vat:|"
        r"subtotal|koszyk|basket|your cart|warenkorb|winkelwagen|košík|total:|bundle|zestaw\w* za|refund|earn",
    ),
    _words(
        PriceRole.UNIT,
        r"unit price|grundpreis|cena jednostkowa|per unit|prix au|preis pro|prijs per|jednotková cena|cena za (?:1 )?(?:kg|l|szt|m)",
    ),
    _words(PriceRole.BID, r"current bid|starting bid|bid:|aktualna oferta|licytacj\w*|gebot|startpreis|huidig bod|enchère|puja"),
    _words(
        PriceRole.FROM,
        r"from\s*:?\s*$|od\s*:?\s*$|ab\s*:?\s*$|vanaf\s*:?\s*$|starting (?:at|from)|as low as|à partir de|dès\s*$|desde\s*$|"
        r"a partir de|da\s*$|a partire da|från\s*$|fra\s*$|alkaen|от\s*$|starts? at|lowest|już od|cena od",
    ),
)  # fmt: skip
_BEHIND: tuple[Rule, ...] = (
    _words(
        PriceRole.INSTALMENT,
        r"/ ?(?:mo|month|mies|monat|měs|mois|mes|mese|maand)\b|per month|monthly|miesięcznie|monatlich|měsíčně|"
        r"[x×] ?\d+ (?:rat|mies|month)|al mese|par mois|al mes|pro monat|x \d+ rat|in \d+ (?:payments|instal)|"
        r"per maand|with affirm|sin interes",
    ),
    _words(
        PriceRole.UNIT,
        r"(?:/|per|za|pro|je|par|al|por|/ ?1) ?(?:\d+(?:[.,]\d+)? ?)?(?:kg|g|100 ?g|l|ml|100 ?ml|litr\w*|liter|litre|m²|m2|mb|m|oz|fl ?oz|lb|"
        r"ounce|count|ea|each|unità|tab\w*|capsul\w*|sq\.? ?ft|meter|metr)\b\.?",
    ),
    _words(PriceRole.SHIPPING, r"(?:for )?(?:shipping|delivery|postage|p&p|versand|dostawa|wysyłka|doprava|livraison)"),
    _words(PriceRole.WAS, r"uvp|rrp|msrp|list price|was\b"),
    _words(PriceRole.OTHER_PRODUCT, r"off\b|rabatt?\b|sparen|discount|taniej|korting|sleva|saved|cashback|gift card"),
    _words(PriceRole.CLUB, r"(?:with|z|mit|for) (?:card|kart\w*|members?|prime|clubcard|nectar)"),
)  # fmt: skip
_PRICE = r"(?:price|preis|cena|prijs|prix|precio|prezzo|amount|value|cost|val)"
_OLD = (
    r"(?:old|was|list|rrp|msrp|uvp|strike\w*|struck|stroke|stroked|crossed(?:[-_]?out)?|before|original|orig|previous|prev|"
    r"compare\w*|base|full|retail|normal|suggested|statt|pvp|high|barre|tachad[oa]|initial|first|standard|non[-_]?sale|"
    r"line-?through|through|lined|reference|recommended|basis|przekreslona|stara|puvodni|oude|ancien|anterior|strikethrough)"
)
_OWN: tuple[Rule, ...] = (
    (PriceRole.LOWEST_30_DAYS, re.compile(r"omnibus|lowest-?(?:price)?|30[-_]?da?[yn]|najnizsz", re.I)),
    (
        PriceRole.INSTALMENT,
        re.compile(r"instal+ment|\braty?\b|leasing|monthly|financ|klarna|affirm|afterpay|credit|parcel|cuota|paypo", re.I),
    ),
    (PriceRole.SHIPPING, re.compile(r"shipping|delivery|dostaw|versand|freight|postage|livraison|envio", re.I)),
    (
        PriceRole.WAS,
        re.compile(
            rf"(?<![a-z]){_OLD}[-_]{{0,2}}{_PRICE}(?![a-z])|{_PRICE}[-_]{{0,2}}(?:is-)?{_OLD}(?![a-z])|{_PRICE}Old|"
            r"(?:^|[ _-])(?:old|was|rrp|msrp|uvp|strike|struck|crossed|strikethrough|line-?through|strike-?through|statt|pvp)(?=[ _-]|$)",
            re.I,
        ),
    ),
    (PriceRole.CLUB, re.compile(r"member|\bclub|loyal|reward|prime-?price|card-?price|subscri|sns-", re.I)),
    (PriceRole.COUPON, re.compile(r"coupon|voucher|promocode|discountcode", re.I)),
    (
        PriceRole.UNIT,
        re.compile(r"unit[-_]?price|price[-_]?per[-_]?(?!unit)|grundpreis|measure|\bppu|price[-_]?unit\b", re.I),
    ),
    (
        PriceRole.OTHER_PRODUCT,
        re.compile(r"saving|\bsave\b|discount-?(?:amount|value|badge)|you-?save|warrant|trade-?in|gift-?card|deposit|cashback|bonus|protection", re.I),
    ),
    (PriceRole.BID, re.compile(r"\bbid|current-?bid", re.I)),
)  # fmt: skip
_STRUCK = frozenset({"del", "s", "strike"})


def role_of(before: str, behind: str, markup: str, tags: frozenset[str]) -> tuple[PriceRole, str]:
    """The role of a number and the reason, from the words before and behind it, its classes, and its tags."""
    if tags & _STRUCK:
        return PriceRole.WAS, "struck out"
    for role, pattern in _OWN:
        found = pattern.search(markup)
        if found:
            return role, f"markup says {found.group().strip()!r}"
    for role, pattern in _BEHIND:
        found = pattern.match(behind.lstrip(" ,;:*()-–"))
        if found:
            return role, f"followed by {found.group().strip()!r}"
    return _by_words(before)


def _by_words(before: str) -> tuple[PriceRole, str]:
    nearest: tuple[int, PriceRole, str] = (-1, PriceRole.REGULAR, "")
    for role, pattern in _BEFORE:
        for found in pattern.finditer(before[-70:]):
            if found.end() > nearest[0]:
                nearest = (found.end(), role, f"preceded by {found.group().strip()!r}")
    return nearest[1], nearest[2]
