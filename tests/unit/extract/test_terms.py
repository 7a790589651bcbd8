"""A number with a string attached is not the price: the page's own is, and where it has none, nothing is."""

from __future__ import annotations

import pytest

from pricewatch.scraping.extract.explain import verdict_on
from pricewatch.scraping.extract.terms import told

MONEY = {"pl": "{} zł", "cs": "{} Kč", "en": "£{}", "sv": "{} kr"}
PHRASES = {
    "for several pieces": (
        "pl: Od 10 szt. # | pl: przy zakupie 3 szt. # | de: Ab 10 Stück # | de: Mengenpreis: # | nl: Vanaf 10: # | "
        "cs: Od 10 ks # | sk: pri kúpe 3 ks # | en: 10+ # each | en: Buy 5 or more for # | fr: dès 3 achetés # | "
        "es: Desde 5 uds. # | it: Da 10 pezzi # | sv: vid köp av 3 st #"
    ),
    "only for some customers": (
        "pl: Cena dla studentów: # | pl: Przy pierwszym zamówieniu # | de: Studentenpreis # | de: Für Neukunden nur # | "
        "nl: Voor studenten # | cs: Cena pro studenty # | sk: Študentská cena # | en: Students pay # | "
        "en: With newsletter sign-up: # | fr: Tarif étudiant : # | es: En tu primera compra: # | it: Per studenti # | "
        "sv: Studentpris: #"
    ),
    "only for members, or in the app": (
        "pl: Tylko w aplikacji # | pl: Dla zalogowanych # | de: App-Preis: # | nl: In de app: # | cs: V aplikaci za # | "
        "sk: V aplikácii # | en: App-only price: # | fr: Sur l'application : # | es: Solo en la app: # | "
        "it: Solo nell'app: # | sv: I appen: #"
    ),
    "from another day on": (
        "pl: Od piątku # | pl: od 1.12. # | de: Ab Freitag # | de: Ab 1.12. nur # | nl: vanaf morgen # | "
        "cs: Od 1. prosince # | sk: Od piatku # | en: from Monday # | fr: Dès vendredi # | es: Desde el viernes # | "
        "it: Dal 1° dicembre: # | sv: från och med måndag #"
    ),
    "together with something else": (
        "pl: W zestawie z filtrem tylko # | pl: Kup 2 za # | de: Im Set mit Filter nur # | nl: Voordeelset # | "
        "cs: V sadě za # | sk: V balíčku # | en: Any 3 for # | en: Buy together for # | fr: Le lot de 2 : # | "
        "es: Juntos por # | it: Nel kit # | sv: I paket #"
    ),
    "to rent, not to buy": (
        "pl: Wypożyczenie: # za dobę | de: Leihgebühr # | nl: Lease: # p/m | cs: Půjčovné # | sk: Prenájom # | "
        "en: Hire # | fr: À louer # | es: Renting desde # | it: Noleggio # | sv: Hyr för #"
    ),
    "with, or for, a thing given in exchange": (
        "pl: Odkupimy Twój stary za # | de: Bei Rückgabe Ihres Altgeräts # | nl: Inruilprijs # | cs: Protiúčet # | "
        "sk: Pri výkupe starého # | en: Sell yours for # | fr: Avec reprise : # | es: Con plan renove # | "
        "it: Con permuta # | sv: Inbytesvärde #"
    ),
    "a deposit": (
        "pl: Kaucja zwrotna # | de: Kaution: # | nl: Borg # | cs: Vratná záloha: # | sk: Kaucia # | en: Deposit # | "
        "fr: Caution : # | es: Fianza # | it: Cauzione # | sv: Pant #"
    ),
    "what a gift or a voucher is worth": (
        "pl: Karta podarunkowa # | de: Sie erhalten einen # Gutschein | nl: Cadeaubon t.w.v. # | cs: Dárková karta # | "
        "sk: Darčeková poukážka # | en: Free gift worth # | fr: # en bon d'achat | es: Tarjeta regalo # | it: Buono da # | "
        "sv: Presentkort #"
    ),
    "the end of a range to choose": (
        "pl: Cena do # | de: Höchstpreis # | nl: Prijs tot # | cs: Max. # | en: Price up to # | fr: Prix jusqu'à # | "
        "es: Precio hasta # | it: Prezzo fino a # | sv: Pris upp till #"
    ),
    "a service beside the item": (
        "pl: Ochrona 3 lata # | de: Garantieverlängerung # | nl: Installatie # | cs: Pojištění # | sk: Predĺžená záruka # | "
        "en: 3-year care plan # | fr: Assurance casse : # | es: Ampliación de garantía # | it: Montaggio # | "
        "sv: Förlängd garanti #"
    ),
    "the sum from which delivery is free": (
        "pl: Do darmowej dostawy brakuje # | de: Noch # bis zum kostenlosen Versand | nl: Nog # tot gratis verzending | "
        "cs: Do dopravy zdarma chybí # | sk: Doprava zadarmo od # | en: Spend # more for free delivery | "
        "fr: Plus que # pour la livraison offerte | es: Te faltan # para el envío gratis | "
        "it: Ti mancano # per la spedizione gratuita | sv: Fri frakt över #"
    ),
    "taken off": (
        "pl: Zaoszczędź # | de: # gespart | nl: # korting | cs: Ušetříte # | sk: Zľava # | en: # off | fr: # de remise | "
        "es: # de descuento | it: # di sconto | sv: # rabatt"
    ),
    "given back": (
        "pl: Zyskujesz # na kolejne zakupy | de: Sie sammeln # Bonus | nl: Spaar # aan punten | cs: Zpět získáte # | "
        "sk: Naspäť získate # | en: Get # back | fr: # cagnottés | es: Acumula # | it: Accumula # | sv: Poäng värda #"
    ),
    "asked elsewhere": (
        "pl: U konkurencji # | de: Preis der Konkurrenz: # | nl: Elders goedkoper? Bij concurrent # | cs: Našli jste levněji? # | "
        "en: Competitor price # | fr: Vu moins cher ailleurs : # | es: Precio de la competencia # | "
        "it: Prezzo della concorrenza # | sv: Konkurrentens pris #"
    ),
    "the least sum of an order": (
        "pl: Minimalna wartość zamówienia # | de: Mindestbestellwert # | nl: Minimum bestelbedrag: # | "
        "cs: Minimální objednávka # | en: Small order fee # | fr: Commande minimum # | es: Pedido mínimo # | "
        "it: Ordine minimo # | sv: Minimiorder #"
    ),
}  # fmt: skip
CASES = [
    pytest.param(*phrase.strip().split(": ", 1), id=f"{why}-{phrase.strip()}")
    for why, phrases in PHRASES.items()
    for phrase in phrases.split("|")
]
TORN = "<div><span>{}</span> <b>{}</b> <span>{}</span></div>"


def amount(lang: str, value: str) -> str:
    return MONEY.get(lang, "{} €").format(value if lang == "en" else value.replace(".", ","))


def shapes(lang: str, phrase: str) -> tuple[str, str]:
    """The phrase as a line, and with its amount in an element of its own."""
    before, behind = phrase.split("#")
    money = amount(lang, "89.00")
    return f"<p>{before}{money}{behind}</p>", TORN.format(before.strip(), money, behind.strip())


def page(lang: str, inside: str, title: str = "Aroma 500") -> str:
    return (
        f'<html lang="{lang}"><title>{title} - Domowy</title><body><h1>{title}</h1>{inside}'
        "<button>Add to cart</button></body></html>"
    )


@pytest.mark.parametrize(("lang", "phrase"), CASES)
def test_the_price_beside_it_is_the_price_and_alone_it_is_none(read, lang, phrase) -> None:
    """In front of the page's own price, behind it, and where the page shows no other amount."""
    own = f"<div>{amount(lang, '129.00')}</div>"
    for shape in shapes(lang, phrase):
        for inside, price in ((own + shape, "129.00"), (shape + own, "129.00"), (shape, None)):
            reading = read(page(lang, inside))
            assert (reading.price.text if reading.price else None) == price, inside


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("Gift card", "Gift card £50.00"),
        ("Studentenschreibtisch für Studenten", "Für Studenten 50,00 €"),
        ("Doppelpack Filter", "Doppelpack 50,00 €"),
    ],
)
def test_what_the_title_says_is_no_string(read, title, line) -> None:
    """A gift card costs what is written beside its name."""
    assert read(page("en", f"<p>{line}</p>", title)).price.text == "50.00"


@pytest.mark.parametrize(
    "line",
    [
        "Od 1 szt. 50,00 zł",
        "Do niedzieli 50,00 zł",
        "Dostępny od piątku: 50,00 zł",
        "Nur heute 50,00 €",
        "Lieferbar ab Freitag 50,00 €",
        "Until Sunday only £50.00",
        "Paket mit 10 Stück 50,00 €",
        "Ohne Kaution 50,00 €",
    ],
)
def test_words_like_these_leave_a_price_alone(read, line) -> None:
    """One piece, a price that still holds, when it comes: each is what the item costs now."""
    words, money = line.split("50")[0], line.split()[-1] if "£" in line else f"50,00 {line.split()[-1]}"
    html = page("pl" if "zł" in line else "de", f"<p><span>{words.strip('£ ')}</span> <b>{money}</b></p>")
    assert read(html).price.text == "50.00"


@pytest.mark.parametrize(
    "words", ["od piątku taniej. teraz ", "im set mit 2 filtern und 3 kannen ", "dla studentów! teraz "]
)
def test_a_new_sentence_or_number_ends_a_string(words) -> None:
    """What was said of something else does not reach the number."""
    assert told(words, "") is None


def test_why_is_said_in_words(read) -> None:
    """`extract --explain` names the string and the words that it was known by."""
    reading = read(page("en", "<div>£129.00</div><p>Student price: £89.00</p>"))
    said = {str(c.amount): verdict_on(c, reading) for c in reading.rejected}
    assert said["89.00"] == "only for some customers: 'student price'"
