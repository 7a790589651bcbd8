"""What a page is when it is not a product: blocked, gone, a listing, unreadable or nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

from pricewatch.domain.offer import Availability
from pricewatch.scraping.extract import jsonld, schema, stock
from pricewatch.scraping.extract.currencies import SYMBOLS
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
    b"hcaptcha-challenge", b"gokuProps", b"awsWafCookieDomainList", b"kpsdk", b"KPSDK", b"/_sec/cp_challenge/",
    b"/blocked?url=", b"perimeterx",
)  # fmt: skip
_CHALLENGE_TITLE = re.compile(
    r"^\W*(?:just a moment|jeszcze chwila|(?:nur )?einen (?:kleinen )?moment|un instant|een (?:ogenblik|moment) geduld|"
    r"un momento|momentito|okamžik|chvilk|um momento|queue-it|vercel security|challenge validation|making sure you|"
    r"sicherheits(?:über)?prüfung|"
    r"verifica di sicurezza|vérification de sécurité|(?:comprobación|verificación) de seguridad|bezpečnostní kontrola|"
    r"kontrola bezpieczeństwa|beveiligingscontrole|"
    r"(?:40[36] )?not acceptable|"
    r"attention required|access denied|are you (?:a )?(?:human|robot)|robot check|robot or human|"
    r"prove your humanity|security check|verify(?:ing)? (?:you are|that you are|your)|human verification|"
    r"bot verification|"
    r"captcha|please wait|checking your browser|pardon our interruption|request (?:blocked|rejected)|403 forbidden|"
    r"forbidden|blocked|zugriff verweigert|bist du ein mensch|dostęp zabroniony|weryfikacja|nie jesteś robotem|"
    r"ddos-guard|"
    r"one more step|unusual traffic|sorry[,!.]? (?:we just need|you have been blocked)|bevestig dat je|"
    r"przykro nam.{0,20}blok|"
    r"zabezpieczenie|ověření|验证码|安全验证|人机|访问验证|滑块|проверка браузера|вы не робот)",
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
    r"n'êtes pas un robot|no eres un robot|non sei un robot|reference (?:id|#)[: ]\S+ .{0,60}(?:denied|blocked)|"
    r"(?:czy|że) jesteś człowiekiem|(?:ein|kein) (?:mensch|bot|roboter) (?:sind|bist)|u een mens bent|"
    r"je een mens bent|bent? (?:je|u) een (?:robot|mens)|"
    r"vous êtes (?:bien )?(?:un )?humain|(?:eres|es) (?:un )?(?:ser )?humano|(?:sei|essere) (?:un )?(?:essere )?uman|"
    r"拖动.{0,6}滑块|滑块.{0,8}验证|完成验证|请按住滑块|ロボットでは(?:ない|ありません)|로봇이 아닙니다|не робот|"
    r"robot olmadığınız|nem (?:vagy|ön) .{0,6}robot|nu (?:ești|sunteți) (?:un )?robot|(?:inte|ikke) (?:är|er) en robot|"
    r"et ole robotti|não é um robô|δεν είστε ρομπότ|"
    r"jste člověk|verifying your browser|disable any ad blocker|pardon our interruption|"
    r"think you (?:are|were|might be) a bot|(?:you're|are) not a bot|"
    r"(?:lösen|rozwiąż|résou|resuelv|risolv|vyřeš|los)\w* .{0,20}captcha|you are now in line",
    re.IGNORECASE,
)
# Words of a page that has nothing else to say: why it does not show what was asked for.
_WALLS = (
    (
        "asks for patience",
        r"too many requests|zbyt (?:wiele|dużo) (?:zapytań|żądań)|zu viele anfragen|te veel verzoeken|trop de requêtes|"
        r"demasiadas (?:solicitudes|peticiones)|troppe richieste|příliš mnoho požadavků|nietypowy ruch|"
        r"podejrzan\w+ (?:ruch|aktywność|dużą)|ungewöhnliche\w* (?:datenverkehr|aktivität|zugriff)|"
        r"(?:ongebruikelijk|ongewoon) (?:veel )?verkeer|(?:trafic|activité) inhabituel|tráfico inusual|"
        r"(?:in der|dans la|in de|v|in the|in a) (?:warteschlange|file d'attente|wachtrij|queue|waiting room)|"
        r"poczekalni|"
        r"kolejce do sklepu|ve frontě|"
        r"traffico (?:insolito|anomalo)|neobvykl\w+ (?:provoz|aktivit)|button below to continue",
        r"",
    ),
    (
        "asks for consent",
        r"accept|agree|akceptuj|zgadzam się|przejdź do serwisu|akzeptier|zustimm|einverstanden|akkoord|tout refuser|"
        r"aceptar|accetta|souhlasím|přijmout|příjmout",
        r"cookie|prywatno|privacy|privatsphäre|datenschutz|tracking|werbung|confidentialité|vie privée|"
        r"privacidad|soukromí",
    ),
    (
        "asks for the visitor's age",
        r"ukończone 18|pełnoletni|über 18 jahre|volljährig|18 jaar of ouder|(?:over|aged) 18|18 years|"
        r"legal (?:drinking )?age|verify your age|starší 18|bylo 18 let|plus de 18 ans|majeur|maggiorenne|"
        r"mayor de edad",
        r"",
    ),
)
_MONEY = re.compile(rf"\d ?(?:[{SYMBOLS}]|zł\b|kč\b|pln\b|eur\b|kr\b|ft\b|lei\b)|[{SYMBOLS}] ?\d", re.IGNORECASE)
MOST_LINKS = 15  # what only keeps visitors out links to little else
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
BELOW = 15  # texts below the title in which the item is called sold out
APART = 15  # texts from there to the first price of another item, at least
_COUNTED = re.compile(r"\(?[1-9]\d*\)?\W*$")  # a filter's choice with how many items it has
FEW_TILES = 2  # on a page that is called a list
_HOME = frozenset({"", "index.html", "index.php", "pl", "de", "en", "cs", "nl"})
_SEARCH_HEADING = re.compile(
    r"^\W*(?:wyniki (?:wyszukiwania|dla)|search results?|results for|suchergebnis|(?:ergebnisse|treffer) für|"
    r"zoekresultat|"
    r"výsledky (?:vyhledávání|hledání|pro)|résultats (?:de (?:votre )?recherche|pour)|resultados (?:de|para)|"
    r"risultati)",
    re.IGNORECASE,
)
_SEARCH_PATH = re.compile(
    r"/;?(?:search|listing(?!/\d)|szukaj|suche|zoeken|hledani|vyhledavani|buscar|recherche|sok|haku|wyszukiwanie|"
    r"catalogsearch)\b",
    re.IGNORECASE,
)
_SEARCH = re.compile(
    rf"{_SEARCH_PATH.pattern}|"
    r"[?&](?:q|s|k|query|search|string|szukaj|phrase|keyword|keywords|text|term|search_query|controller=search)=",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"(?:page|product|item|article|listing) (?:you (?:requested|are looking for) )?(?:was |is |has been |could |can )?"
    r"(?:not (?:be )?found|no longer (?:available|exists|sold)|removed|discontinued|doesn'?t exist)|"
    r"(?:this|the) (?:product|item|listing|auction) (?:is|has) (?:been )?(?:no longer|ended|removed|discontinued)|"
    r"nie znaleziono (?:strony|produktu)|strona nie istnieje|produkt (?:został )?(?:wycofany|usunięty)|"
    r"(?:oferta|aukcja|sprzedaż|licytacja) (?:została )?zakończona|angebot (?:wurde )?beendet|"
    r"(?:seite|artikel|produkt) (?:(?:wurde|ist|konnte) )?(?:leider )?nicht (?:mehr )?(?:gefunden|verfügbar)|"
    r"nicht mehr im sortiment|"
    r"pagina (?:is )?niet gevonden|(?:stránka|produkt) (?:nebyl[ao]?|neexistuje|nenalezen[ao]?)|"
    r"prodej (?:byl )?ukončen|"
    r"page (?:introuvable|non trouvée)|página no encontrada|pagina non trovata|error 404|404 not found|404 error",
    re.IGNORECASE,
)


_NO_LONGER = re.compile(
    r"\b(?:product|item|article|offer|produkt\w*|towar\w*|oferta|artikel|angebot|zboží|nabídka|produit|offre|producto|"
    r"artículo|prodotto|articolo|produto|produs\w*|termék)\b.{0,20}"
    r"(?:no longer|not available any ?more|nie jest już|już nie|nicht mehr|niet meer|již není|už není|už nie je|"
    r"n'est plus|n’est plus|ya no|non è più|já não|nu mai este|már nem)\b",
    re.IGNORECASE,
)


def blocked(document: Document, status: int, hints: ReadHints) -> str:
    """Why a page is a challenge, captcha, consent wall or login instead of an answer; empty when it is not."""
    small = len(document.encoded) < 60_000
    title = document.title
    if hints.blocked and _says(document, hints.blocked):
        return "the site's own blocking phrase"
    named = _CHALLENGE_TITLE.match(title) or (small and _CHALLENGE_TITLE.match(document.heading))
    visible = _visible(document) if named or small or status in {403, 429, 503} else ""
    if status < 400 and _MONEY.search(visible[:6000]):
        return ""  # something is for sale here
    if named:
        return f"the title says {title[:60]!r}"
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


def turned_away(document: Document) -> str:
    """Why a page that sells nothing keeps a visitor out, whatever else stands in its frame; empty when it does not."""
    found = next((text for text in (document.title, document.heading) if _CHALLENGE_TITLE.match(text)), "")
    return f"the page is headed {found[:60]!r}" if found else ""


def walled(document: Document) -> str:
    """Why a page on which no item and no price was found keeps visitors out; empty when nothing says so."""
    visible = _visible(document)
    if len(visible) > 4000 or len(document.all("a[href]")) > MOST_LINKS:
        return ""
    if _LOGIN.search(document.heading or document.title) and document.first("input[type=password]"):
        return f"the page asks to log in: {(document.heading or document.title)[:60]!r}"
    lowered = visible.lower()
    if document.first("nav,footer") is not None:  # a shop's page, with a banner at most
        return ""
    found = (reason for reason, *words in _WALLS if all(re.search(each, lowered) for each in words))
    return next((f"the page {reason}" for reason in found), "")


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
        if found or re.match(r"\W*404\b", text) or _NO_LONGER.search(text):
            return f"the page says {text[:60]!r}"
    return "redirected to the home page" if _sent_home(requested, final) else ""


def listing(document: Document, scan: Scan, winner: Candidate | None, *, known: bool) -> str:
    """Why a page shows a list of items rather than one; empty when it does not. `known`: an item is described."""
    if known:
        return ""
    if _is_home(document.address) and tiles_of(scan) >= MIN_TILES:
        return "the home page, with prices of different items"
    tiles, named = tiles_of(scan), _called(document)
    if named and (tiles >= FEW_TILES or _SEARCH_HEADING.match(document.heading)):
        return named
    if winner is not None and ALIKE not in winner.why:
        return ""
    if winner is None and not named and sold_out(scan):
        return ""
    if tiles >= MIN_TILES:
        return f"{tiles} prices of different items in one pattern"
    return "the address is a search" if _SEARCH.search(document.address) else named if winner is None else ""


def sold_out(scan: Scan) -> bool:
    """Whether a line right below the title says that the item is sold out, well before any price of other items."""
    shapes = Counter(shape for shape, _ in {(spot.shape, spot.numeral.digits) for spot in scan.spots})
    lines = scan.texts[max(scan.heading, 0) :][:BELOW]
    said = (n for n, text in enumerate(lines) if len(text) <= stock.MAX_PHRASE and _is_sold_out(text.lower()))
    place = next(said, None)
    if scan.heading < 0 or place is None:
        return False
    first, last = scan.heading, scan.heading + place + APART
    return not any(first < spot.order <= last and shapes[spot.shape] >= MIN_TILES for spot in scan.spots)


def _is_sold_out(line: str) -> bool:
    return not _COUNTED.search(line) and stock.shown(line)[0] is Availability.OUT_OF_STOCK


def _called(document: Document) -> str:
    """That a page's address or its structured data calls it a list; empty when neither does."""
    if _SEARCH_PATH.search(document.address):
        return "the address is a search"
    if _SEARCH_HEADING.match(document.heading):
        return f"the heading says {document.heading[:60]!r}"
    kinds = {kind for node in jsonld.nodes(document) for kind in schema.types_of(node)}
    named = sorted(kinds & {"ItemList", "SearchResultsPage", "CollectionPage", "OfferCatalog"})
    return f"the page calls itself {named[0]}" if named else ""


def gone_below(scan: Scan) -> str:
    """The words below the title that say the item is gone; empty when there are none."""
    found = _GONE.search(scan.window(0, 40, 90))
    return found.group() if found else ""


_WITHDRAWN = re.compile(
    r"wycofan\w* (?:ze sprzedaży|z oferty|z produkcji)|(?:już nie jest|nie jest już) dostępn\w* w (?:naszej )?ofercie|"
    r"nicht mehr im sortiment|wird nicht mehr (?:hergestellt|verkauft|angeboten)|(?:has been |is )discontinued|"
    r"no longer (?:sold|made|in our range)|(?:uit het|niet meer in (?:het |ons )?) ?assortiment|"
    r"prodej (?:byl )?ukončen|plus commercialisé|descatalogado|fuori produzione",
    re.IGNORECASE,
)


def withdrawn(scan: Scan) -> str:
    """The line below the title that says an item is no longer sold at all; empty when it can be bought still."""
    found = _WITHDRAWN.search(scan.window(0, BELOW, 90))
    return found.group() if found and not scan.offers_to_buy(8, 80) else ""


_ENDED = re.compile(
    r"\n\W*(?:(?:this|the|ta|ten|to|diese[rs]?|das|die|deze|dit|de|tato|tento|toto) )?(?:"
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
    found = _ENDED.search(f"\n{scan.window(8, 40, 90)}")
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
