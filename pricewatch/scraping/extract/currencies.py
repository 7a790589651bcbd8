"""Which currency a sign means, and how a locale or a country writes its numbers."""

from __future__ import annotations

from functools import lru_cache

from pricewatch.domain.money import known_currency_codes

CODES = known_currency_codes()

# Each sign lists the currencies it stands for, the one meant without further context first; "" = none by default.
_SIGNS = """
$ USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU
US$ USD|U$S USD|USD$ USD|$US USD
C$ CAD NIO|CA$ CAD|CAN$ CAD|CDN$ CAD|CND CAD
A$ AUD|AU$ AUD
NZ$ NZD|S$ SGD|HK$ HKD|NT$ TWD|NT TWD|MX$ MXN|R$ BRL|RD$ DOP|J$ JMD|BZ$ BZD|T$ TOP|G$ GYD|Z$ ZWL|TT$ TTD|N$ NAD
AR$ ARS|CLP$ CLP|COL$ COP|B/. PAB
€ EUR|EURO EUR|EUROS EUR|EURÓ EUR
£ GBP EGP|STG GBP
¥ JPY CNY|円 JPY|元 CNY TWD HKD MOP|RMB CNY|￥ JPY CNY
₹ INR|RS INR PKR LKR NPR MUR|RE INR|र INR|ரூ INR|රු LKR|₨ PKR INR LKR
₽ RUB|РУБ RUB BYN|РУБЛЕЙ RUB BYN|Р RUB BYN|RUR RUB|BR BYN ETB|Б.Р BYN|Б.Р. BYN|БЕЛ.РУБ BYN|БЕЛ. BYN
₴ UAH|ГРН UAH|₸ KZT|ТГ KZT|ТЕНГЕ KZT|₾ GEL|ლ GEL|ლარი GEL|֏ AMD|₼ AZN|₮ MNT|СОМ KGS|SO'M UZS|SOM UZS KGS|SOʻM UZS
ZŁ PLN|ZL PLN|ZŁOTYCH PLN
KČ CZK|KC CZK|,-KČ CZK
FT HUF|FORINT HUF|LEI RON MDL|LEU RON MDL|ЛВ BGN|ЛВ. BGN|LV BGN|KN HRK|KUNA HRK
KR "" SEK NOK DKK ISK|SKR SEK|DKR DKK|NKR NOK
FR CHF|SFR CHF|FR. CHF|₣ CHF
₺ TRY|TL TRY|YTL TRY
₪ ILS|ש״ח ILS|ש"ח ILS|שח ILS|NIS ILS
₩ KRW|원 KRW|₫ VND|Đ VND|VNĐ VND|VND VND|RP IDR|RM MYR|฿ THB|บาท THB|₱ PHP|₭ LAK|៛ KHR|KS MMK
R ZAR|₦ NGN|₵ GHS|GH₵ GHS|KSH KES|TSH TZS|USH UGX|ZK ZMW|E£ EGP|L.E EGP|LE EGP|جنيه EGP|جن EGP
د.إ AED|DH AED MAD|DHS AED MAD|DIRHAM AED|درهم AED MAD|SR SAR|ر.س SAR|ريال SAR|﷼ SAR IRR|ریال IRR|تومان IRR
د.ك KWD|KD KWD|د.ب BHD|BD BHD|ر.ع OMR|د.أ JOD|د.ا JOD|JD JOD|د.ت TND|DT TND|دج DZD|د.ج DZD|DA DZD|د.م MAD|ل.ل LBP
ل.س SYP|ع.د IQD|ل.د LYD|LD LYD
ДИН RSD|DIN RSD|DINARA RSD|RSD RSD|ДЕН MKD|КМ BAM|KM BAM|L ALL HNL|LEK ALL
S/ PEN|S/. PEN|BS BOB VES|₡ CRC|Q GTQ|B/ PAB|₲ PYG|GS PYG|BS. BOB VES
CFA XOF XAF|FCFA XOF XAF|F XPF|FDJ DJF|GFR GNF|DB STN|VT VUV|RF MVR RWF|MT MZN|৳ BDT|NU BTN|ESC CVE|KWZ AOA|KZ AOA
SL SLE|E SZL|RF. RWF|R₣ RWF|MDL MDL|₿ ""|BTC ""|Ƀ ""|₶ ""|نافكا ERN|SʻM UZS
"""


def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {code: (code,) for code in CODES}
    for line in _SIGNS.strip().splitlines():
        for entry in line.split("|"):
            sign, *codes = entry.split()
            meanings = tuple("" if c == '""' else c for c in codes)
            table |= dict.fromkeys((sign.casefold(), sign.capitalize(), sign), meanings)
    table.update({code.casefold(): (code,) for code in CODES})
    return table


SIGNS = _table()
SYMBOLS = "$€£¥₹₽₴₸₾₼₮₺₪₩₫฿₱₭₦₵₡₲₣₿￥﷼৳₨₶円元원"

# Signs that mean money wherever they stand in running text; the other ones only where a price is expected.
PLAIN_WORDS = frozenset(
    [
        "zł",
        "kč",
        "eur",
        "euro",
        "usd",
        "gbp",
        "pln",
        "czk",
        "chf",
        "руб",
        "руб.",
        "грн",
        "грн.",
        "lei",
        "лв",
        "лв.",
        "kn",
        "ft",
        "huf",
        "ron",
        "sek",
        "nok",
        "dkk",
        "bgn",
        "hrk",
        "uah",
        "byn",
        "nt$",
        "us$",
        "a$",
        "c$",
        "ca$",
        "au$",
        "r$",
        "s$",
        "hk$",
        "nz$",
        "rm",
        "rp",
        "tl",
        "aed",
        "rs",
        "rs.",
        "kr",
        "₫",
        "đ",
        "vnd",
        "kzt",
        "jpy",
        "cny",
        "s/",
        "sgd",
        "hkd",
        "myr",
        "дин",
    ]
)

# Codes of money that no common word is written like.
WORLDWIDE = (
    "aud", "nzd", "cad", "ars", "mxn", "brl", "clp", "inr", "krw", "thb", "idr", "php", "zar", "ils", "isk", "rsd",
    "twd", "uyu", "qar", "sar", "egp", "pkr", "ngn", "kes", "kwd", "bhd", "omr", "jod", "mdl", "gel", "amd", "rub",
)  # fmt: skip

_COUNTRY = {
    "pl": "PLN", "cz": "CZK", "hu": "HUF", "ro": "RON", "bg": "BGN", "hr": "EUR", "dk": "DKK", "se": "SEK",
    "no": "NOK", "is": "ISK", "ch": "CHF", "li": "CHF", "uk": "GBP", "gb": "GBP", "us": "USD", "ca": "CAD",
    "au": "AUD", "nz": "NZD", "jp": "JPY", "cn": "CNY", "in": "INR", "ru": "RUB", "by": "BYN", "ua": "UAH",
    "kz": "KZT", "tr": "TRY", "il": "ILS", "ar": "ARS", "cl": "CLP", "mx": "MXN", "br": "BRL", "tw": "TWD",
    "hk": "HKD", "sg": "SGD", "my": "MYR", "th": "THB", "vn": "VND", "id": "IDR", "ph": "PHP", "kr": "KRW",
    "za": "ZAR", "ae": "AED", "sa": "SAR", "eg": "EGP", "ma": "MAD", "tn": "TND", "kw": "KWD", "rs": "RSD",
    "mk": "MKD", "ba": "BAM", "md": "MDL", "ge": "GEL", "am": "AMD", "az": "AZN", "pe": "PEN", "uy": "UYU",
    "py": "PYG", "bo": "BOB", "pk": "PKR", "lk": "LKR", "ng": "NGN", "ke": "KES", "co": "COP", "cr": "CRC",
    "de": "EUR", "at": "EUR", "nl": "EUR", "be": "EUR", "fr": "EUR", "it": "EUR", "es": "EUR", "pt": "EUR",
    "ie": "EUR", "fi": "EUR", "ee": "EUR", "lv": "EUR", "lt": "EUR", "gr": "EUR", "sk": "EUR", "si": "EUR",
    "lu": "EUR", "mt": "EUR", "cy": "EUR", "eu": "EUR",
}  # fmt: skip
# Second-level names under which a country's shops live: com.ar, co.uk, com.au …; `.co` and `.tv` alone are worldwide.
_GENERIC_TLDS = frozenset({"co", "io", "tv", "me", "am", "is", "ai"})
_LANGUAGE_HOME = {
    "pl": "PLN", "cs": "CZK", "hu": "HUF", "ro": "RON", "bg": "BGN", "da": "DKK", "sv": "SEK", "nb": "NOK",
    "no": "NOK", "nn": "NOK", "ja": "JPY", "ru": "RUB", "uk": "UAH", "tr": "TRY", "he": "ILS", "ko": "KRW",
    "th": "THB", "vi": "VND", "id": "IDR", "de": "EUR", "nl": "EUR", "fr": "EUR", "it": "EUR", "fi": "EUR",
    "et": "EUR", "lv": "EUR", "lt": "EUR", "sk": "EUR", "sl": "EUR", "el": "EUR", "hr": "EUR", "kk": "KZT",
}  # fmt: skip
_COMMA = frozenset(
    [
        "pl",
        "de",
        "cs",
        "sk",
        "nl",
        "fr",
        "es",
        "it",
        "pt",
        "ru",
        "uk",
        "tr",
        "id",
        "vi",
        "da",
        "sv",
        "nb",
        "nn",
        "no",
        "fi",
        "et",
        "lv",
        "lt",
        "hu",
        "ro",
        "bg",
        "hr",
        "sl",
        "sr",
        "el",
        "is",
        "kk",
        "be",
        "ca",
        "gl",
        "eu",
        "ka",
        "mk",
        "sq",
        "bs",
        "az",
        "hy",
    ]
)
_POINT = frozenset(["en", "zh", "ja", "ko", "he", "th", "hi", "ms", "tl", "fil"])
_POINT_REGIONS = frozenset(
    [
        "MX",
        "US",
        "PR",
        "GT",
        "HN",
        "NI",
        "PA",
        "PE",
        "SV",
        "DO",
        "CH",
        "LI",
        "GB",
        "IE",
        "AU",
        "NZ",
        "CA",
        "IN",
        "JP",
        "CN",
        "TW",
        "HK",
        "SG",
    ]
)

LANGUAGES = tuple(sorted(_COMMA | _POINT))


@lru_cache(maxsize=512)
def decimal_mark(locale: str) -> str:
    """The decimal separator of a locale such as `pl-PL`; empty when the locale is unknown or writes both ways."""
    language, _, region = locale.replace("_", "-").partition("-")
    language, region = language.lower(), region.split("-")[-1].upper()
    if language == "en":
        return "" if region == "ZA" else "."
    if language in _COMMA:
        spanish_or_alpine = language in {"es", "de", "fr", "it"} and region in _POINT_REGIONS and region != "CA"
        return "." if spanish_or_alpine else ","
    return "." if language in _POINT else ""


@lru_cache(maxsize=512)
def currency_of_locale(locale: str) -> str:
    """The currency of a locale's country; of its language where only one country speaks it; else empty."""
    language, _, region = locale.replace("_", "-").partition("-")
    region = region.split("-")[-1].lower()
    return _COUNTRY.get(region, "") if region else _LANGUAGE_HOME.get(language.lower(), "")


@lru_cache(maxsize=512)
def currency_of_host(host: str) -> str:
    """The currency of a host name's country, or empty for worldwide endings such as .com."""
    last = host.lower().rsplit(":", 1)[0].rstrip(".").rsplit(".", 1)[-1]
    if last in _GENERIC_TLDS and host.count(".") < 2:
        return ""
    return _COUNTRY.get(last, "")


# Languages of countries that write their own money with a bare dollar sign: it means none of them without more.
_OWN_DOLLARS = frozenset({"es", "fr", "zh"})
_CALLING_CODES = {
    "598": "UYU", "852": "HKD", "886": "TWD", "52": "MXN", "54": "ARS", "56": "CLP", "57": "COP", "61": "AUD",
    "64": "NZD", "65": "SGD",
}  # fmt: skip


def meant(codes: tuple[str, ...], locale: str) -> str:
    """The currency that a sign means where nothing else tells: its first one, of a bare dollar sign only where the
    page's language leaves no other; empty when it could be several.
    """
    return "" if is_bare_dollar(codes) and locale[:2].lower() in _OWN_DOLLARS else codes[0]


def is_bare_dollar(codes: tuple[str, ...]) -> bool:
    """Whether a sign is the dollar's that a dozen countries write."""
    return len(codes) > 1 and codes[0] == "USD"


def currency_of_phone(number: str) -> str:
    """The currency of the country that an international number calls, of those that write it with a dollar sign."""
    digits = "".join(filter(str.isdigit, number))
    digits = digits.removeprefix("00")
    return next((code for prefix, code in _CALLING_CODES.items() if digits.startswith(prefix)), "")


@lru_cache(maxsize=2048)
def currency_of_sign(sign: str) -> tuple[str, ...]:
    """All currencies a sign or code can mean, the default one first; empty when it is not one."""
    key = sign.strip().casefold()
    return SIGNS.get(key) or SIGNS.get(key.rstrip(".:")) or ()
