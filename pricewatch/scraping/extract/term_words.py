"""The words of `terms`: for each kind of string that is attached to an amount, a table of languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pricewatch.domain.offer import PriceRole

Words = Mapping[str, str]


class Term(NamedTuple):
    """One kind of string: the role of a number that it is attached to, why, and the words in front and behind."""

    role: PriceRole
    why: str
    before: Words
    behind: Words


_NUMBER = (
    r"(?:[2-9]|[1-9]\d{1,3}|dwa|dwie|trzy|zwei|drei|two|three|twee|drie|deux|trois|due|tre|dos|tres|dva|dvě|"
    r"tři|två)"
)
_PIECES = (
    r"(?:szt\w*|stk|stück\w*|stuks?|st|ks|kus\w*|pcs|pieces?|units?|pièces?|articles?|uds?|unid\w*|pz|pezzi|items|"
    r"opak\w*|packs?|pakke\w*|förp\w*)\.?"
)
_MORE = (
    r"(?:or more|and more|lub więcej|i więcej|oder mehr|und mehr|of meer|en meer|(?:nebo|a) více|alebo viac|"
    r"ou plus|et plus|o más|y más|o più|e più|eller fler)"
)
_DAY = (
    r"(?:poniedział\w+|wtor\w+|środ[ya]|czwart\w+|piąt\w+|sobot\w*|niedziel\w*|jutra|montag|dienstag|mittwoch|"
    r"donnerstag|"
    r"freitag|samstag|sonntag|morgen|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|pondělí|úter\w+|"
    r"střed\w|"
    r"čtvrt\w+|pát\w+|neděle|zítř\w+|zítra|pondel\w+|utor\w+|stred\w|štvrt\w+|piat\w+|nedel\w+|zajtra|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|tomorrow|next (?:week|month)|lundi|mardi|mercredi|jeudi|vendredi|"
    r"samedi|"
    r"dimanche|demain|lunes|martes|miércoles|jueves|viernes|sábado|domingo|mañana|lunedì|martedì|mercoledì|giovedì|"
    r"venerdì|sabato|domenica|domani|måndag|tisdag|onsdag|torsdag|fredag|lördag|söndag|imorgon|i morgon)"
)
_MONTH = (
    r"(?:stycz\w+|lut(?:y|ego)|marca|kwiet\w+|maja|czerw\w+|lip(?:iec|ca)|sierp\w+|wrze\w+|paździer\w+|listopad\w*|"
    r"grud\w+|"
    r"januar\w*|jänner|februar\w*|märz|april\w*|mai|juni|juli|august\w*|september|oktober|november|dezember|januari|"
    r"februari|maart|mei|augustus|december|led\w+|únor\w*|břez\w+|dub\w+|květ\w+|červ\w+|srp\w+|září|říj\w+|"
    r"prosin\w+|"
    r"január\w*|február\w*|apríl\w*|máj\w*|jún\w*|júl\w*|augusta|septembr\w*|októbr\w*|novembr\w*|decembr\w*|january|"
    r"february|march|may|june|july|october|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|"
    r"décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|gennaio|"
    r"febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|maj|augusti)"
)
_DATE = (
    rf"(?:\d{{1,2}}(?:\.|er|st|nd|rd|th|°)? (?:de )?{_MONTH}|{_MONTH} \d{{1,2}}\b|"
    rf"\d{{1,2}}\.\d{{1,2}}\.(?:\d{{2,4}})?|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?|{_DAY})"
)
_PRICE = r"(?:cen[ay]|preise?|price|tarif|prix|precio|prezzo|prijs|pris|tarifa|tariffa)"


def _for(persons: str, word: str) -> str:
    """Somebody as one for whom a price is: `dla X`, `X pay`, `cena X`, `X:`; `word` are those who introduce them."""
    pay = rf"(?:{persons})(?: \w+)? ?{_PAY}"
    return rf"(?:{word}) (?:\w+ )?(?:{persons})|{pay}|{_PRICE} (?:{persons})|(?:{persons})(?:[ -]?{_PRICE}| ?:\s*$)"


_PAY = r"(?:pay|płac\w+|zahl\w+|betal\w+|plat[íi]\w*|pai\w+|pagan\w*|get)\b"
TERMS: Mapping[str, Term] = {
    "SEVERAL": Term(
        PriceRole.OTHER_PRODUCT,
        "for several pieces",
        {
            "all": r"(?:ab|od|vanaf|from|dès|desde|da|från|à partir de|a partire da|a partir de|"
            rf"min\.?) (?:{_NUMBER}) ?(?:{_PIECES}|achet\w+|{_MORE})"
            rf"|(?:ab|od|vanaf|dès|desde|från|à partir de) {_NUMBER}\s*:\s*$|"
            rf"(?<![\d.,]){_NUMBER}\+ ?(?:{_PIECES})?\W*$",
            "pl": rf"(?:przy )?zakupi?e? {_NUMBER}(?: ?{_PIECES})?|kup {_NUMBER} \w+,? zapłać|"
            rf"kup {_NUMBER} (?:{_PIECES}|za)|cena hurtowa|"
            r"cena ilościow\w+|rabat ilościow\w+",
            "de": rf"(?:bei )?(?:abnahme|kauf) von {_NUMBER}(?: ?{_PIECES})?|(?:mengen|staffel|großhandels)preise?|"
            r"mengenrabatt",
            "nl": rf"bij (?:aankoop van )?{_NUMBER} {_PIECES}|staffelprij\w+|staffelkorting|groothandelsprijs",
            "cs": rf"při (?:koupi|odběru|nákupu) {_NUMBER}(?: ?{_PIECES})?|množstevní \w+",
            "sk": rf"pri (?:kúpe|odbere|nákupe) {_NUMBER}(?: ?{_PIECES})?|množstevn\w+ \w+",
            "en": rf"(?:when you )?buy(?:ing)? {_NUMBER}|(?:bulk|volume|quantity|wholesale|case|trade) price|"
            rf"{_NUMBER} {_MORE}",
            "fr": rf"par lot de {_NUMBER}|(?:pour l'achat de|achetez-en) {_NUMBER}|prix (?:de gros|dégressif|"
            r"par quantité)",
            "es": rf"(?:al comprar|comprando) {_NUMBER}|precio (?:por cantidad|por volumen|al por mayor)",
            "it": rf"(?:acquistando|acquistane|per l'acquisto di) {_NUMBER}|prezzo (?:all'ingrosso|per quantità)",
            "sv": rf"vid köp av {_NUMBER}(?: ?{_PIECES})?|köp {_NUMBER} {_PIECES}|mängd(?:pris|rabatt)|grossistpris",
        },
        {
            "all": r"(?:/ ?\w+\.? |each |je |st(?:ück|uk)? )?\W*(?:ab|od|vanaf|from|dès|desde|da|från|przy|bei|"
            r"bij|při|pri|vid|for|when (?:you )?buy(?:ing)?|à partir de|a partir de|a partire da) (?:zakupie |"
            rf"kauf von |abnahme von |köp av |koupi |odběru |kúpe |aankoop van )?{_NUMBER} ?(?:{_PIECES}|"
            rf"{_MORE})"
        },
    ),
    "FEW": Term(
        PriceRole.OTHER_PRODUCT,
        "only for some customers",
        {
            "pl": _for(r"studen\w+|uczni\w+|senior\w*|emeryt\w+|nauczyciel\w+|pracownik\w+|now\w+ klient\w+", "dla"),
            "de": _for(
                r"student\w*|schüler\w*|senioren?|rentner\w*|azubis?|mitarbeiter\w*|neukunden|erstbesteller|"
                r"studierende",
                "für",
            ),
            "nl": _for(r"student\w*|scholieren|senioren|65-plussers?|medewerkers|personeels|nieuwe klanten", "voor"),
            "cs": _for(r"student\w*|seniory?|důchodce|zaměstnan\w+|nov\w+ zákazník\w*", "pro"),
            "sk": _for(r"študent\w*|seniorov|dôchodcov|zamestnanc\w+|nov\w+ zákazník\w*", "pre"),
            "en": _for(
                r"students?(?:'s|')?|seniors?|pensioners?|nhs(?: staff)?|teachers?|staff|employees?|"
                r"military|education|new customers?|blue light",
                "for",
            ),
            "fr": _for(
                r"étudiante?s?|seniors?|retraités|enseignants?|salariés|nouveaux clients", "pour(?: les)?|réservé aux"
            ),
            "es": _for(r"estudiantes?|jubilados?|mayores de \d+|empleados?|nuevos clientes", "para"),
            "it": _for(r"student[ie]\w*|pensionati|over \d+|dipendenti|nuovi clienti", "per(?: gli| i)?"),
            "sv": _for(r"student\w*|seniorer|pensionär\w*|anställda|personal|nya kunder", "för"),
            "first": r"pierwsz\w+ (?:zamówieni\w+|zakup\w*)|erst(?:e[nr]?)? (?:bestellung|einkauf)|erstbestell\w*|"
            r"eerste (?:bestelling|aankoop)|první\w* (?:objednáv\w+|nákup\w*)|prv\w+ (?:objednáv\w+|nákup\w*)|"
            r"first (?:order|purchase)|première commande|premier achat|primera? (?:compra|pedido)|"
            r"primo (?:ordine|acquisto)|första (?:köp\w*|beställning\w*|order\w*)",
            "newsletter": r"newsletter[\w-]*|nieuwsbrief\w*|nyhetsbrev\w*|lettre d'information",
        },
        {
            "all": r"(?:dla|für|voor|pro|pre|for|pour|para|per|för) (?:\w+ )?(?:student\w*|študent\w*|étudiants?|"
            r"estudiantes|senior\w*|schüler\w*|uczniów|neukunden|(?:new|nieuwe|nové|nowych|nouveaux|nuevos|"
            r"nuovi|nya) \w+)|"
            r"(?:z|ze|mit|met|s|with|avec|con|med) (?:\w+ ){0,2}?(?:newsletter\w*|nieuwsbrief|nyhetsbrev)|"
            r"(?:przy|bei|bij|při|pri|on|en|al|vid) (?:\w+ )?(?:pierwsz\w+|ersten?|eerste|první|prvej|first|"
            r"primera?|primo|första) \w+"
        },
    ),
    "MEMBERS": Term(
        PriceRole.CLUB,
        "only for members, or in the app",
        {
            "pl": _for(r"klubowicz\w*|członk\w+|zalogowanych|zarejestrowanych|stałych klientów", "dla"),
            "de": _for(r"mitglieder\w*|angemeldete\w*|eingeloggte\w*|registrierte\w*|stammkunden", "für"),
            "nl": _for(r"leden\w*|ingelogde\w*|vaste klanten", "voor"),
            "cs": _for(r"člen\w+|přihlášené|registrovan\w+", "pro"),
            "sk": _for(r"člen\w+|prihlásených|registrovan\w+", "pre"),
            "en": _for(r"members?(?:'s|')?|logged[- ]in (?:users|customers)|registered (?:users|customers)", "for"),
            "fr": _for(r"membres?|adhérente?s?|abonnés", "pour(?: les)?|réservé aux"),
            "es": _for(r"socios?|miembros?|usuarios registrados", "para"),
            "it": _for(r"soci|membri|iscritti|utenti registrati", "per(?: gli| i)?"),
            "sv": _for(r"medlem\w*|inloggade", "för"),
            "app": r"(?:w|z|in|in der|in de|in the|mit der|with the|with|v|nell[’']|sur l[’']|en la|en nuestra|"
            r"dans l[’']|i|only on the|via) ?"
            r"(?:(?:naszej|our|unserer|onze|mobile|mobilní|mobilnej) )?(?:app\w*|aplik[aá]c\w+)\b|"
            r"app[- ]?(?:only|exclusive|preis|price|prijs|pris|cena|prix)\w*(?: price)?",
        },
        {
            "all": r"(?:tylko |nur |only |alleen |jen |len |solo |seulement |endast )?(?:w|in der|in de|in the|v|"
            r"nell[’']|sur l[’']|en la|i|via the|with the) ?(?:app\w*|aplik[aá]c\w+)\b|"
            r"(?:dla|für|voor|pro|pre|for|pour|para|per|för) (?:\w+ )?(?:klubowiczów|członków|zalogowanych|"
            r"mitglieder|leden|členy|přihlášené|členov|prihlásených|members|membres|adhérents|socios|soci|"
            r"medlemmar)\b"
        },
    ),
    "LATER": Term(
        PriceRole.OTHER_PRODUCT,
        "from another day on",
        {
            "all": r"(?:już |schon )?(?:od(?: dnia)?|ab(?: dem)?|vanaf|from(?: the)?|starting(?: on| from)?|"
            r"dès(?: le)?|à partir (?:de|du)(?: le)?|desde(?: el)?|a partir del?|da|dal|a partire d\w+|"
            rf"från(?: och med)?(?: den)?|fr\.?o\.?m\.?)[: ]{{0,2}}{_DATE}"
        },
        {
            "all": r"(?:od(?: dnia)?|ab(?: dem)?|vanaf|from|starting|dès|à partir d[eu]|desde(?: el)?|"
            rf"a partir del?|da|dal|från(?: och med)?) {_DATE}"
        },
    ),
    "TOGETHER": Term(
        PriceRole.OTHER_PRODUCT,
        "together with something else",
        {
            "all": rf"(?<![\d.,]){_NUMBER} ?(?:{_PIECES} ?)?(?:za|für|voor|for|pour|por|för|a|o)\W*$|\d for \d\W*$",
            "pl": r"w (?:zestawie|komplecie|pakiecie)|dwupak|trójpak|wielopak|zestaw (?:z|za|\d)|"
            r"(?:kup )?razem (?:z|za|taniej)",
            "de": r"im (?:set|bundle|paket|doppelpack|sparpaket)|(?:doppel|dreier|vorteils|spar)pack|als set|"
            r"gemeinsam (?:für|kaufen)|zusammen (?:für|kaufen)|(?:set|paket|bundle)preis",
            "nl": r"(?:in|als) (?:een )?(?:set|bundel|pakket)|voordeel(?:set|pakket)|duopack|samen (?:voor|kopen)|"
            r"setprijs",
            "cs": r"v (?:sadě|balíčku|setu|balení po)|dvojbalení|společně za|dohromady za",
            "sk": r"v (?:sade|balíčku|sete)|dvojbalenie|spolu za",
            "en": r"as an? (?:set|bundle|pair)|in a (?:set|bundle)|bundle (?:price|deal|for)|multi-?buy|(?:twin|"
            r"double)[- ]pack|"
            r"(?:buy |both )?together for|set of \d|(?:full|complete) set",
            "fr": r"en (?:lot|pack|duo|kit)|(?:le )?(?:lot|pack) de \d+|ensemble pour|prix du (?:lot|pack)",
            "es": r"en (?:pack|lote|conjunto)|pack de \d+|juntos por|precio del (?:pack|lote)",
            "it": r"(?:in|nel|come) (?:set|kit|pacchetto|bundle)|insieme a|confezione da \d+|prezzo del (?:set|kit)",
            "sv": r"(?:i|som) (?:paket\w*|set)|paketpris|tillsammans för|dubbelpack",
        },
        {
            "all": r"(?:w zestawie|w komplecie|im (?:set|bundle|doppelpack)|als set|in (?:een )?set|als bundel|"
            r"v (?:sadě|sade|balíčku)|as a (?:set|bundle)|in a (?:set|bundle)|en (?:lot|pack)|nel (?:set|kit)|"
            r"i paket|som set)\b"
        },
    ),
    "RENT": Term(
        PriceRole.INSTALMENT,
        "to rent, not to buy",
        {
            "pl": r"wypożycz\w+|wynaj\w+|najem|abonament\w*|leasing\w*",
            "de": r"leih(?:en|gebühr|preis)\w*|miet\w*|zur miete|leas\w+",
            "nl": r"lease\w*|huur\w*|huren",
            "cs": r"půjčovné|zapůjč\w+|pronáj\w+|nájem\w*",
            "sk": r"požičovné|požič\w+|prenáj\w+",
            "en": r"lease|hire|rent\w*",
            "fr": r"à louer|en location|location ?:\s*$|location (?:dès|à partir)|loa|lld|louez",
            "es": r"alquil\w+|renting",
            "it": r"noleggi\w+|a noleggio",
            "sv": r"hyr|hyra|hyrpris|leasa",
        },
        {"all": r"(?:/ ?(?:doba|dobę|tydzień|tag|woche|dag|week|den|día|giorno|jour)|p/?m|mtl|p\.?m)\b"},
    ),
    "TRADE_IN": Term(
        PriceRole.OTHER_PRODUCT,
        "with, or for, a thing given in exchange",
        {
            "pl": r"oddani\w+ stareg\w+|odkup\w*|odkupimy|w rozliczeniu|za stary",
            "de": r"inzahlungnahme|ankauf\w*|eintausch\w*|altgerät\w*|altgeräte",
            "nl": r"inruil\w*|inleveren",
            "cs": r"výkup\w*|protiúč\w+",
            "sk": r"výkup\w*|protiúč\w+",
            "en": r"trad(?:e|ing)[- ]?in\b|part[- ]exchange|sell (?:yours|it|this|your \w+)|we (?:pay|buy)",
            "fr": r"reprise|reprenons",
            "es": r"plan renove|tu (?:usado|antigu\w+)|recompra",
            "it": r"permuta|valutazione (?:del tuo )?usato|del tuo usato|supervalutazione",
            "sv": r"inbyte\w*|din gamla",
        },
        {
            "all": r"(?:przy oddaniu|mit (?:inzahlungnahme|altgerät)|met inruil|při výkupu|pri výkupe|"
            r"with (?:a )?trade|con permuta|avec reprise|med inbyte)"
        },
    ),
    "DEPOSIT": Term(
        PriceRole.OTHER_PRODUCT,
        "a deposit",
        {
            "pl": r"kaucj\w*",
            "de": r"pfand\w*|kaution",
            "nl": r"statiegeld|borg\w*",
            "cs": r"(?:vratn\w+ )?záloh\w*|kauc\w+",
            "sk": r"(?:vratn\w+ )?záloh\w*|kauc\w+",
            "en": r"deposit",
            "fr": r"consigne|caution",
            "es": r"depósito|fianza",
            "it": r"cauzione|deposito ?:?\s*$",
            "sv": r"pant|deposition",
        },
        {
            "all": r"(?:kaucj\w*|pfand|kaution|statiegeld|borg\b|záloh\w*|kauce|deposit|consigne|caution|fianza|"
            r"cauzione|pant\b)"
        },
    ),
    "GIFT": Term(
        PriceRole.OTHER_PRODUCT,
        "what a gift or a voucher is worth",
        {
            "all": r"(?:o )?wartości|(?:im )?wert von|t\.?w\.?v\.?|ter waarde van|v hodnotě|v hodnote|worth|"
            r"(?:to the )?value of|valued at|"
            r"(?:d[’']une )?valeur de|(?:por )?valor de|(?:del )?valore di|värd[ae]?|till ett värde av",
            "pl": r"(?:kart\w+|bony?) (?:podarunk\w+|upomink\w+)|bon (?:na|za)|voucher|prezent",
            "de": r"geschenk(?:karte|gutschein)|wertgutschein|gutschein",
            "nl": r"cadeau(?:kaart|bon)",
            "cs": r"dárkov\w+ (?:karta|poukaz\w*|certifikát)",
            "sk": r"darčekov\w+ (?:karta|poukážk\w+)",
            "en": r"gift ?(?:card|voucher)|free gift|(?:get|receive|includes) an?\W*$",
            "fr": r"(?:carte|chèque)[- ]cadeau|bon d[’']achat",
            "es": r"(?:tarjeta|cheque) regalo",
            "it": r"(?:carta|buono) regalo|buono (?:sconto )?(?:da|di|del valore)",
            "sv": r"presentkort|gåva",
        },
        {
            "all": r"(?:gift ?card|gutschein|geschenkkarte|voucher|cadeau(?:kaart|bon)|kart[ay] podarunk\w+|"
            r"presentkort|(?:en |de )?bons? d[’']achat|tarjeta regalo|buono|poukaz\w*)"
        },
    ),
    "LIMIT": Term(
        PriceRole.OTHER_PRODUCT,
        "the end of a range to choose",
        {
            "all": rf"{_PRICE} (?:do|bis(?: zu)?|tot|up to|jusqu[’']à|hasta|fino a|upp till|max\.?)\W*$|"
            r"(?:max(?:imum|imal)?\.?|maks(?:ymaln\w+)?\.?|höchst|maximal\w*|maxim\w+)(?: ?(?:price|cena|prijs|"
            r"preis|pris|prix))?\W*$|"
            r"höchstpreis\W*$|(?:poniżej|unter|onder|below|under|less than|moins de|menos de|meno di|pod)\W*$"
        },
        {},
    ),
    "ADD_ON": Term(
        PriceRole.OTHER_PRODUCT,
        "a service beside the item",
        {
            "pl": r"(?:przedłużon|rozszerzon|dodatkow)\w+ (?:gwarancj|ochron)\w*|ubezpiecz\w+|ochron\w+|montaż\w*|"
            r"wniesieni\w+|"
            r"instalacj\w+|grawer\w*|pakowani\w+ na prezent|opakowani\w+ (?:na prezent|prezentow\w+)|pobrani\w+",
            "de": r"garantieverlängerung|anschlussgarantie|\w*schutz|\w*versicherung|montage(?:service)?|einbau|"
            r"aufbauservice|"
            r"gravur|geschenkverpackung|nachnahme\w*",
            "nl": r"garantieverlenging|verzekering|installatie\w*|montage\w*|cadeauverpakking|gravure|inpakservice",
            "cs": r"(?:prodloužen|rozšířen)\w+ záruk\w*|pojištěn\w+|montáž\w*|zapojen\w+|dobírk\w+|"
            r"dárkov\w+ balen\w+|gravírov\w+",
            "sk": r"(?:predĺžen|rozšíren)\w+ záruk\w*|poisten\w+|montáž\w*|zapojeni\w+|dobierk\w+|"
            r"darčekov\w+ baleni\w+",
            "en": r"extended warranty|care plan|protection plan|(?:damage|accident\w*) (?:cover|protection)\w*|"
            r"insurance|"
            r"installation|assembly|fitting|engraving|gift[- ]?wrap\w*|cash on delivery",
            "fr": r"extension de garantie|assurance\w*|installation|montage|mise en service|emballage cadeau|gravure",
            "es": r"(?:ampliación|extensión) de garantía|(?<!pago )(?<!compra )seguro|instalación|montaje|"
            r"envoltorio (?:de )?regalo",
            "it": r"estensione (?:di |della )?garanzia|assicurazione|installazione|montaggio|confezione regalo|"
            r"contrassegno",
            "sv": r"förlängd garanti|försäkring\w*|montering|installation|presentinslagning|gravyr",
        },
        {},
    ),
    "THRESHOLD": Term(
        PriceRole.OTHER_PRODUCT,
        "the sum from which delivery is free",
        {
            "all": r"(?:darmow\w+|gratis\w*|kostenlos\w*|\w*kostenfrei\w*|portofrei\w*|free|zdarma|zadarmo|"
            r"gratuit\w*|offerte?|fri(?:tt)?)\b[^.!|;\d]{0,40}?\b"
            r"(?:od|ab|vanaf|from|over|above|nad|powyżej|przy zamówieni\w+(?: za)?|zamówieni\w+ za|dès|desde|"
            r"a partir de|à partir de|da|oltre|över|från|bij|orders? of|when you spend|zakupach za)\W*$",
            "missing": r"brakuje|brakuje (?:ci )?(?:jeszcze|tylko)|dokup za|noch\W*$|nog\W*$|fehlen|"
            r"chybí(?: už jen)?|chýba|plus que|il (?:vous )?manque|"
            r"te faltan?|ti mancano|handla för|spend|add another",
            "delivery": r"do (?:darmowej|bezpłatnej) dostawy|zum (?:kostenlosen|gratis)|do dopravy zdarma|"
            r"for free delivery",
        },
        {
            "all": r"(?:more )?(?:to|for|until|till|tot|bis zum|zum|für|do|pour|para|per|för|till för|till)\b[^.|"
            r"\d]{0,20}"
            r"(?:free|gratis|kostenlos\w*|darmow\w*|zdarma|zadarmo|offerte|gratuit\w*|fri)\b|"
            r"(?:bestellwert|zamówieni\w+|mindestbestell\w+)",
        },
    ),
    "SAVED": Term(
        PriceRole.OTHER_PRODUCT,
        "taken off",
        {
            "all": r"oszczędz\w+|oszczędność|zaoszczęd\w+|taniej o|rabat\w*|zniżk\w+|(?:sie |du )?sparen?|"
            r"spar(?:st|t|e)?|rabatt|"
            r"ersparnis|(?:je |u )?bespaart?|korting|ušetř\w*|slev\w+|ušetr\w*|zľav\w*|save|saving|you save|"
            r"(?:vous )?économis\w+|remise|réduction|ahorr\w*|descuento|risparmi\w*|sconto|(?:du )?sparar?|rabatten"
        },
        {
            "all": r"(?:zaoszczędzon\w*|rabatu|zniżki|gespart|sparen|ersparnis|korting|voordeel|slevy|zľavy|off\b|"
            r"saved|saving|discount|"
            r"de (?:remise|réduction|rabais|descuento|ahorro)|économisés?|di (?:sconto|risparmio)|rabatt)"
        },
    ),
    "POINTS": Term(
        PriceRole.OTHER_PRODUCT,
        "given back",
        {
            "all": r"punkt\w*|points|bod[yůov]+|body|poäng|punti|puntos|punten|zwrot|zwracamy|zyskujesz|"
            r"zpět (?:získ\w+|dost\w+)|"
            r"naspäť (?:získ\w+|dost\w+)|cashback|cagnott\w+|acumula|accumula|bonus\w*|spaar"
        },
        {
            "all": r"(?:back|zurück|zpět|späť|terug|tillbaka|cashback|na (?:kolejne|następne) zakupy|(?:w|in|en|"
            r"aan) (?:punktach|punkten|points|puntos|punten|punti)|cagnottés?|(?:treue)?bonus)\b"
        },
    ),
    "ELSEWHERE": Term(
        PriceRole.OTHER_PRODUCT,
        "asked elsewhere",
        {
            "all": r"konkuren\w+|konkurren\w+|competitor\w*|competing|concurren\w+|competencia|concorren\w+|"
            r"elsewhere|ailleurs|elders|"
            r"gdzie indziej|anderswo|jinde|inde|annorstädes|(?:znalazł\w+|widział\w+) taniej|günstiger gesehen|"
            r"found (?:it )?cheaper|"
            r"našl\w+ (?:jste |ste )?(?:levněji|lacnejšie)|price match|moins cher"
        },
        {},
    ),
    "ABOUT": Term(
        PriceRole.OTHER_PRODUCT,
        "only about that much",
        {
            "all": r"approximately|approx\.?|roughly|equivalent to|ungefähr|etwa|environ|aproximadamente|circa|około|"
            r"w przybliżeniu|przybliżon\w+|přibližně|približne|ongeveer|cirka|ungefär"
        },
        {},
    ),
    "LEAST": Term(
        PriceRole.OTHER_PRODUCT,
        "the least sum of an order",
        {
            "all": r"mindest(?:bestell|einkauf|auftrag)\w*|mindermengen\w*|minim\w+ (?:\w+ )?(?:zamówieni\w+|"
            r"objednáv\w+|bestel\w*|order\w*)|"
            r"zamówieni\w+ minim\w+|minimum (?:logistyczn\w*|de commande|d[’']achat|order)|commande minim\w+|"
            r"(?:pedido|compra) mínim\w+|ordine minim\w+|minimiorder\w*|minsta (?:order\w*|beställning\w*)|"
            r"small order \w+|order minimum"
        },
        {},
    ),
}
