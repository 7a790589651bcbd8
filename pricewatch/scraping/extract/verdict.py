"""What a page is when it is not a product: blocked, gone, a listing, unreadable or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pricewatch.scraping.extract import jsonld, schema
from pricewatch.scraping.extract.dom import Document
from pricewatch.scraping.extract.hints import ReadHints
from pricewatch.scraping.extract.records import Candidate
from pricewatch.scraping.extract.score import ALIKE, tiles_of
from pricewatch.scraping.extract.visible import Scan

_TEXT = 2

# Marks that only challenge pages carry, in their code or their words.
_CHALLENGE_CODE = (
    b"cf-chl-", b"_cf_chl_opt", b"cf_chl_", b"/cdn-cgi/challenge-platform/h/", b"px-captcha", b"_pxCaptcha",
    b"pxCaptcha", b"captcha-delivery.com", b"geo.captcha", b"/_Incapsula_Resource", b"Incapsula incident",
    b"distil_r_captcha", b"sec-if-cpt-container", b"validateCaptcha", b"ddos-guard", b"sgcaptcha",
    b"hcaptcha-challenge", b"gokuProps", b"awsWafCookieDomainList", b"kpsdk", b"/blocked?url=", b"perimeterx",
)  # fmt: skip
_CHALLENGE_TITLE = re.compile(
    r"^\W*(?:just a moment|attention required|access denied|are you (?:a )?(?:human|robot)|robot check|robot or human|"
    r"prove your humanity|security check|verify(?:ing)? (?:you are|that you are|your)|human verification|"
    r"bot verification|"
    r"captcha|please wait|checking your browser|pardon our interruption|request (?:blocked|rejected)|403 forbidden|"
    r"forbidden|blocked|zugriff verweigert|bist du ein mensch|dostęp zabroniony|weryfikacja|nie jesteś robotem|"
    r"ddos-guard|"
    r"one more step|unusual traffic|sorry[,!.]? (?:we just need|you have been blocked)|bevestig dat je|"
    r"przykro nam.{0,20}blok|"
    r"zabezpieczenie|ověření)",
    re.IGNORECASE,
)
_CHALLENGE_TEXT = re.compile(
    r"(?:verify|confirm|prove) (?:that )?you(?:'re| are)(?: a)?(?: not a)? (?:human|robot)|are you a (?:human|robot)|"
    r"i'?m not a robot|press (?:&|and) hold|checking (?:if the site connection|your browser)|unusual (?:traffic|"
    r"activity)|"
    r"enable javascript and cookies to continue|enter the characters you see|type the characters|"
    r"complete the (?:security check|captcha)|prove your humanity|automated (?:access|requests|queries)|"
    r"you have been blocked|access to this page has been denied|solve (?:the|this) (?:captcha|challenge|puzzle)|"
    r"potwierdź, że (?:jesteś człowiekiem|nie jesteś robotem)|nie jesteś robotem|bestätigen sie, dass sie (?:kein|ein)|"
    r"ungewöhnliche(?:r|n)? (?:datenverkehr|aktivität)|je bent geen robot|ověřte, že nejste robot|nejste robot|"
    r"n'êtes pas un robot|no eres un robot|non sei un robot|reference (?:id|#)[: ]\S+ .{0,60}(?:denied|blocked)",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"^\W*(?:log ?in|sign ?in|anmelden|einloggen|zaloguj|logowanie|přihlášení|inloggen|connexion|accedi)\b",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"^\W*(?:before you continue|bevor sie fortfahren|zanim przejdziesz|voordat je verdergaat|avant d'accéder|"
    r"cookie (?:consent|wall)|your privacy choices|zgoda na|datenschutz-?einstellungen|pur-?abo)",
    re.IGNORECASE,
)
MIN_TILES = 4
_HOME = frozenset({"", "index.html", "index.php", "pl", "de", "en", "cs", "nl"})
_SEARCH = re.compile(
    r"/(?:search|listing|szukaj|suche|zoeken|hledani|vyhledavani|buscar|recherche|sok|haku|wyszukiwanie|"
    r"catalogsearch)\b|"
    r"[?&](?:q|s|k|query|search|string|szukaj|phrase|keyword|keywords|text|term|search_query|controller=search)=",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"(?:page|product|item|article|listing) (?:you (?:requested|are looking for) )?(?:was |is |has been |could |can )?"
    r"(?:not (?:be )?found|no longer (?:available|exists|sold)|removed|discontinued|doesn'?t exist)|"
    r"(?:this|the) (?:product|item|listing|auction) (?:is|has) (?:been )?(?:no longer|ended|removed|discontinued)|"
    r"nie znaleziono (?:strony|produktu)|strona nie istnieje|produkt (?:został )?(?:wycofany|usunięty)|"
    r"(?:oferta|aukcja|sprzedaż|licytacja) (?:została )?zakończona|angebot (?:wurde )?beendet|"
    r"(?:seite|artikel|produkt) (?:wurde )?nicht (?:mehr )?(?:gefunden|verfügbar)|nicht mehr im sortiment|"
    r"pagina (?:is )?niet gevonden|(?:stránka|produkt) (?:nebyl[ao]?|neexistuje|nenalezen[ao]?)|"
    r"prodej (?:byl )?ukončen|"
    r"page (?:introuvable|non trouvée)|página no encontrada|pagina non trovata|error 404|404 not found|404 error",
    re.IGNORECASE,
)


def blocked(document: Document, status: int, hints: ReadHints) -> str:
    """Why a page is a challenge, captcha, consent wall or login instead of an answer; empty when it is not."""
    small = len(document.encoded) < 60_000
    title = document.title
    if hints.blocked and _says(document, hints.blocked):
        return "the site's own blocking phrase"
    if _CHALLENGE_TITLE.search(title) or (small and _CHALLENGE_TITLE.search(document.heading)):
        return f"the title says {title[:60]!r}"
    visible = _visible(document) if small or status in {403, 429, 503} else ""
    if (
        (small or status in {403, 429, 503})
        and any(mark in document.encoded for mark in _CHALLENGE_CODE)
        and len(visible) < 3000
    ):
        return "the code of a challenge"
    if visible and len(visible) < 2500 and (found := _CHALLENGE_TEXT.search(visible)):
        return f"the page says {found.group()[:60]!r}"
    if status in {401, 403, 407, 429}:
        return f"status {status}"
    if len(visible) < 4000 and visible and (_LOGIN.search(title) or _CONSENT.search(title)):
        return f"the title says {title[:60]!r}"
    return ""


def _visible(document: Document) -> str:
    hidden = {"script", "style", "noscript", "template"}
    body = document.tree.body
    if body is None:
        return ""
    parts: list[str] = []
    for node in body.traverse(include_text=True, skip_empty=True):
        if node.tag_id == _TEXT and (parent := node.parent) is not None and parent.tag not in hidden:
            parts.append(node.text_content or "")
            if len(parts) > 800:
                break
    return " ".join(" ".join(parts).split())


def _says(document: Document, phrases: tuple[str, ...]) -> bool:
    lowered = document.html.lower()
    return any(phrase.lower() in lowered for phrase in phrases)


def gone(document: Document, status: int, requested: str, final: str, hints: ReadHints) -> str:
    """Why the page no longer offers the item; empty when nothing says so."""
    if status in {404, 410}:
        return f"status {status}"
    if hints.gone and _says(document, hints.gone):
        return "the site's own phrase for items that are gone"
    for text in (document.title, document.heading):
        found = _GONE.search(text)
        if found or re.match(r"\W*404\b", text):
            return f"the page says {text[:60]!r}"
    return "redirected to the home page" if _sent_home(requested, final) else ""


def listing(document: Document, scan: Scan, winner: Candidate | None, *, known: bool) -> str:
    """Why a page shows a list of items rather than one; empty when it does not. `known`: an item is described."""
    if known:
        return ""
    if _is_home(document.address) and tiles_of(scan) >= MIN_TILES:
        return "the home page, with prices of different items"
    if winner is not None and ALIKE not in winner.why:
        return ""
    tiles = tiles_of(scan)
    if tiles >= MIN_TILES:
        return f"{tiles} prices of different items in one pattern"
    if _SEARCH.search(document.address):
        return "the address is a search"
    if winner is not None:
        return ""
    kinds = {kind for node in jsonld.nodes(document) for kind in schema.types_of(node)}
    named = kinds & {"ItemList", "SearchResultsPage", "CollectionPage", "OfferCatalog"}
    return f"the page calls itself {named.pop()}" if named else ""


def gone_below(scan: Scan) -> str:
    """The words below the title that say the item is gone; empty when there are none."""
    found = _GONE.search(scan.window(0, 40, 90))
    return found.group() if found else ""


_ENDED = re.compile(
    r"^\W*(?:(?:this|the|ta|ten|to|diese[rs]?|das|die|deze|dit|de|tato|tento|toto) )?(?:"
    r"(?:oferta|aukcja|licytacja|sprzedaż|ogłoszenie)\b.{0,25}(?:zakończ|wygas|nieaktualn|nie jest już|usunięt)|"
    r"zakończon[ae] (?:oferta|aukcja|licytacja)|"
    r"(?:angebot|auktion|anzeige|versteigerung)\b.{0,25}(?:beendet|abgelaufen|nicht mehr)|"
    r"beendete[sr]? (?:angebot|auktion)|"
    r"(?:veiling|aanbieding|advertentie|kavel)\b.{0,25}(?:afgelopen|beëindigd|gesloten|verlopen|niet meer)|"
    r"(?:aukce|nabídka|inzerát|dražba)\b.{0,25}(?:skonč|ukončen|již není)|ukončená (?:aukce|nabídka)|"
    r"(?:listing|auction|offer|ad|bidding)\b.{0,25}(?:ended|expired|closed|no longer)|bidding (?:has )?ended).*",
    re.IGNORECASE | re.MULTILINE,
)


def ended(scan: Scan) -> str:
    """The line around the title that says an offer is over; empty when none does, or when it can be bought still."""
    found = _ENDED.search(scan.window(8, 40, 90))
    return found.group().strip() if found and not scan.offers_to_buy(8, 80) else ""


def _is_home(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and parts.path.strip("/") in _HOME and not parts.query


def _sent_home(requested: str, final: str) -> bool:
    try:
        before, after = urlsplit(requested), urlsplit(final)
    except ValueError:
        return False
    home = after.path.strip("/") in _HOME
    return home and not after.query and len(before.path.strip("/")) > 3 and bool(after.hostname)


def unreadable(body: bytes, headers: Mapping[str, str]) -> str:
    """Why a body cannot be read as a page at all; empty when it can."""
    if not body.strip():
        return "the page is empty"
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith(("image/", "audio/", "video/", "font/")) or kind in {"application/pdf", "application/zip"}:
        return f"the page is {kind}"
    return ""
