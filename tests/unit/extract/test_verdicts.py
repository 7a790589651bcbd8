"""What a page is; a blocked page is never read as out of stock, and nothing raises."""

from __future__ import annotations

import pytest

from pricewatch.domain.offer import Verdict
from pricewatch.scraping.extract.hints import ReadHints, SiteContext

TITLES = [
    "Just a moment...",
    "Are you human?",
    "Access Denied",
    "Robot or human?",
    "Prove your humanity",
    "Pardon Our Interruption",
    "Attention Required! | Cloudflare",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_challenge_is_blocked(extract, title: str) -> None:
    """Challenge pages of the usual makers are recognised, whatever status they come with."""
    html = f"<html><title>{title}</title><body><h1>One step</h1><p>unavailable</p></body></html>"
    found = extract(html)
    assert (found.verdict, found.findings) == (Verdict.BLOCKED, ())


@pytest.mark.parametrize(
    "body",
    [
        "<p>Press &amp; Hold to confirm you are a human (and not a bot).</p>",
        "<p>Potwierdź, że nie jesteś robotem</p>",
        "<p>Bestätigen Sie, dass Sie kein Roboter sind</p>",
        '<div id="px-captcha"></div>',
        '<script src="https://geo.captcha-delivery.com/captcha.js"></script>',
        "<p>Enter the characters you see below. Sorry, we just need to make sure you're not a robot.</p>",
    ],
)
def test_a_captcha_is_blocked(extract, body: str) -> None:
    """A captcha is recognised by what it says or by its code."""
    assert extract(f"<html><title>Shop</title><body>{body}</body></html>").verdict is Verdict.BLOCKED


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refusal_is_blocked(extract, status: int) -> None:
    """The host said no."""
    assert extract("<html><body>no</body></html>", status=status).verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    "title", ["Sign in", "Zaloguj się", "Anmelden", "Before you continue to the shop", "Bevor Sie fortfahren"]
)
def test_a_login_or_consent_wall_is_blocked(extract, title: str) -> None:
    """A wall instead of the page is no page."""
    assert extract(f"<html><title>{title}</title><body><form>…</form></body></html>").verdict is Verdict.BLOCKED


def test_a_product_page_with_a_captcha_in_its_review_form_is_not_blocked(extract, shop_page) -> None:
    """Code that only guards a form blocks nobody."""
    inside = (
        '<div class="product-price">129,00 zł</div><div class="g-recaptcha" data-sitekey="x"></div>'
        + "<p>text</p>" * 300
    )
    assert extract(shop_page(inside)).verdict is Verdict.PRODUCT


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_page_is_gone(extract, shop_page, status: int) -> None:
    """The host says that it is not there, whatever else it shows."""
    assert extract(shop_page('<p class="price">1,00 zł</p>'), status=status).verdict is Verdict.GONE


@pytest.mark.parametrize(
    "title",
    [
        "Page not found",
        "404 - Nie znaleziono strony",
        "Seite nicht gefunden",
        "Pagina niet gevonden",
        "Stránka nenalezena",
    ],
)
def test_a_page_that_says_it_is_missing_is_gone(extract, title: str) -> None:
    """Soft 404s are known by their title."""
    assert extract(f"<html><title>{title}</title><body><h1>{title}</h1></body></html>").verdict is Verdict.GONE


def test_a_redirect_to_the_home_page_means_gone(extract, shop_page) -> None:
    """A product address that ends at the front door has no product any more."""
    page = shop_page('<p class="price">1,00 zł</p>', title="Welcome")
    assert extract(page, final_url="https://shop.example/").verdict is Verdict.GONE


def test_a_site_may_say_gone_and_blocked_in_its_own_words(extract, shop_page) -> None:
    """The definition's phrases decide first."""
    page = shop_page("<p>Ten kettle opuścił nas na zawsze</p>")
    gone = SiteContext(hints=ReadHints(gone=("opuścił nas",)))
    blocked = SiteContext(hints=ReadHints(blocked=("opuścił nas",)))
    assert extract(page, gone).verdict is Verdict.GONE
    assert extract(page, blocked).verdict is Verdict.BLOCKED


def tiles(count: int) -> str:
    return "".join(
        f'<article class="card"><a href="/p/{n}"><h3>Kettle number {n}</h3></a><b class="price">{n},99 zł</b></article>'
        for n in range(20, 20 + count)
    )


def test_a_category_is_a_listing_with_its_items(read, shop_page) -> None:
    """Many priced tiles and no item of its own."""
    found = read(shop_page(tiles(12), title="Kettles"))
    assert found.verdict is Verdict.LISTING
    assert [(row.name, str(row.price.amount)) for row in found.siblings[:2]] == [
        ("Kettle number 20", "20.99"),
        ("Kettle number 21", "21.99"),
    ]


def test_a_search_without_hits_is_a_listing(extract, shop_page) -> None:
    """The address says what the page is, and recommended items are no offers."""
    found = extract(shop_page("<p>Nothing found</p>"), url="https://shop.example/search?q=kettel")
    assert (found.verdict, found.findings) == (Verdict.LISTING, ())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \n",
        b"%PDF-1.7 ...",
        b"\x89PNG\r\n\x1a\n" + bytes(400),
        b"\x1f\x8b\x08" + bytes(50),
        bytes(range(32)) * 40,
    ],
)
def test_what_is_no_page_is_unreadable(extract, body: bytes) -> None:
    """Nothing, documents, pictures and noise have a verdict and a reason."""
    found = extract(body)
    assert found.verdict is Verdict.UNREADABLE
    assert found.message


def test_a_page_without_product_and_price_is_none(extract) -> None:
    """An imprint is not a product."""
    assert extract("<html><title>Imprint</title><body><h1>Imprint</h1><p>We.</p></body></html>").verdict is Verdict.NONE


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000,
        "<div>" * 50_000 + "</div>" * 50_000,
        "<x-y>" * 50_000,
        "".join(f"<b i{n}><p>" for n in range(20_000)),
        "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">",
        "<select>" + "<option>a" * 16_000,
        "<" * 200_000,
        "<!--" * 50_000,
        "<table>" * 20_000,
    ],
    ids=["open", "closed", "custom", "formatting", "attributes", "options", "brackets", "comments", "tables"],
)
def test_hostile_markup_gets_a_verdict(extract, html: str) -> None:
    """Markup that hangs a parser is turned away before it is parsed, or is harmless."""
    assert extract(html).verdict in {Verdict.UNREADABLE, Verdict.NONE}


@pytest.mark.parametrize(
    ("body", "headers", "price"),
    [
        ("<title>Stół</title><h1>Stół</h1><p class=price>12,50 zł".encode("iso-8859-2"), {"content-type": "text/html; charset=iso-8859-2"}, "12.50 PLN"),
        ("<meta charset=windows-1250><title>Stół</title><h1>Stół</h1><p class=price>12,50 zł".encode("cp1250"), {}, "12.50 PLN"),
        ("<title>Stół</title><h1>Stół</h1><p class=price>12,50 zł".encode("utf-16"), {}, "12.50 PLN"),
        ("\ufeff<title>Stół</title><h1>Stół</h1><p class=price>12,50 zł".encode(), {"content-type": "text/html; charset=iso-8859-1"}, "12.50 PLN"),
        (b"<meta charset=utf-8><title>x</title><h1>x</h1><p class=price>12,50 z\xc5\x82 \xff broken", {}, "12.50 PLN"),
    ],
)  # fmt: skip
def test_a_page_is_decoded_as_it_is_written(read, body: bytes, headers: dict[str, str], price: str) -> None:
    """Header, byte order mark, meta element and plain evidence, in the order that browsers trust them."""
    assert str(read(body, headers=headers).price) == price
