"""A parsed page and the few questions that every source asks of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode, SelectolaxError

TEXT = 2  # the parser's number of a text node
_WORD = re.compile(r"\w+")
_LANDMARKS = "h1,meta[content],script[type*='ld+json' i],link[rel~='canonical' i],[aria-level],[itemtype],[typeof]"
_SCOPE = re.compile(r"product|offer", re.IGNORECASE)
_REMEMBERED = ("landmarks", "canonical", "meta", "title", "headings", "heading", "main_heading")


def ids(*tags: str) -> frozenset[int]:
    """The parser's numbers of these elements: comparing them is far quicker than comparing names."""
    tree = LexborHTMLParser("<p>")
    return frozenset(tree.create_node(tag).tag_id for tag in tags)


_HEAD, (_OPTION,) = ids("head"), ids("option")
_NO_HEADINGS = ids("a", "option", "script", "style", "noscript", "template", "textarea", "title", "button", "label")
_TITLE_PARTS = re.compile(r"\s(?:[-–—|·:»>]|::)\s|\s*[|»]\s*|\s-\s|(?<=\w{3})[.:,] ")
SHORTEST_NAME = 5
LONG_NAME = 12
LONGEST_NAME = 200
LEAST_WORDS = 3  # of the page's title in a text that names the item as well
LIKE = 0.7  # of its words that are the title's
Attributes = dict[str, str | None]


@dataclass(slots=True)
class Landmarks:
    """The elements that every reading looks at, found in one pass over the tree, in page order."""

    headings: list[LexborNode] = field(default_factory=list)
    json_ld: list[LexborNode] = field(default_factory=list)
    canonical: list[LexborNode] = field(default_factory=list)
    meta: list[tuple[LexborNode, Attributes]] = field(default_factory=list)
    scopes: list[LexborNode] = field(default_factory=list)


@dataclass(slots=False)
class Document:
    """A page as a tree, with its address; everything asked twice is remembered."""

    tree: LexborHTMLParser
    url: str
    encoded: bytes
    notes: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, encoded: bytes, url: str) -> Document:
        """Parse UTF-8 that `guard.hostile` has let pass."""
        return cls(LexborHTMLParser(encoded, options=LexborDocumentOptions.WO_EVENTS), url, encoded)

    @cached_property
    def html(self) -> str:
        """The page's source: as a text it takes longer to make and to search than its tree; for small pages only."""
        return self.encoded.decode("utf-8", "replace")

    @cached_property
    def landmarks(self) -> Landmarks:
        found = Landmarks()
        for node in self.all(_LANDMARKS):
            tag = node.tag or ""
            attributes = node.attributes
            if tag == "meta":
                found.meta.append((node, attributes))
            elif tag == "script":
                found.json_ld.append(node)
            elif tag == "link":
                if "canonical" in (attributes.get("rel") or "").lower().split():
                    found.canonical.append(node)
            elif tag == "h1" or (attributes.get("aria-level") == "1" and attributes.get("role") == "heading"):
                found.headings.append(node)
            if _scoped(attributes):
                found.scopes.append(node)
        return found

    def cut(self, node: LexborNode) -> None:
        """Take an element out of the tree, and forget what was found before."""
        node.decompose()
        for name in _REMEMBERED:
            self.__dict__.pop(name, None)

    @cached_property
    def host(self) -> str:
        try:
            return urlsplit(self.address).hostname or ""
        except ValueError:
            return ""

    @cached_property
    def address(self) -> str:
        """The page's own address: where it was got from, else its canonical link."""
        return self.url if self.url.startswith(("http://", "https://")) else self.canonical

    @cached_property
    def canonical(self) -> str:
        href = next((attribute(link, "href") for link in self.landmarks.canonical), "")
        return href or self.meta.get("og:url", "")

    @cached_property
    def language(self) -> str:
        root = self.tree.root
        lang = attribute(root, "lang") or attribute(root, "xml:lang") if root else ""
        return (
            (lang or self.meta.get("og:locale", "") or self.meta.get("content-language", "")).replace("_", "-").strip()
        )

    @cached_property
    def meta(self) -> dict[str, str]:
        """The content of every named meta element; the first of a name wins."""
        found: dict[str, str] = {}
        everywhere = self.landmarks.meta
        in_head = [a for node, a in everywhere if (parent := node.parent) is not None and parent.tag_id in _HEAD]
        for attributes in in_head if len(in_head) > 2 else [a for _, a in everywhere]:
            name = attributes.get("property") or attributes.get("name") or attributes.get("http-equiv")
            content = attributes.get("content")
            if name and content:
                found.setdefault(name.strip().lower(), content.strip())
        return found

    @cached_property
    def title(self) -> str:
        first = self.tree.css_first("title")
        return text_of(first, 400) if first is not None else ""

    @cached_property
    def headings(self) -> list[LexborNode]:
        named = self.landmarks.headings
        return ([node for node in named if node.tag == "h1"] or named)[:8]

    @cached_property
    def heading(self) -> str:
        return text_of(self.main_heading, 400) if self.main_heading else ""

    @cached_property
    def main_heading(self) -> LexborNode | None:
        """The heading that names the item: the one most like the page's title, else the first with text.

        Without any heading it is the element that says what a part of the page's title says.
        """
        headings = self.headings
        if not headings:
            return self._named_in_the_title()
        if len(headings) < 2:
            return self._if_named(headings[0]) if headings[0].text(strip=True) else self._named_in_the_title()
        stated = set(_WORD.findall((self.meta.get("og:title", "") + " " + self.title).lower()))
        best, most = None, -1.0
        for node in headings:
            words = set(_WORD.findall(text_of(node, 300).lower()))
            share = len(words & stated) / (len(words) + 1) if words else -1.0
            if share > most:
                best, most = node, share
        return best if most or best is None else self._if_named(best)

    def _if_named(self, heading: LexborNode) -> LexborNode:
        """A heading, or what says a part of the page's title word for word where the heading has no word of it."""
        title = set(_WORD.findall(f"{self.meta.get('og:title', '')} {self.title}".lower()))
        if not title or title & set(_WORD.findall(text_of(heading, 300).lower())):
            return heading
        return self._named_in_the_title() or heading

    def _named_in_the_title(self) -> LexborNode | None:
        titles = f"{self.meta.get('og:title', '')} | {self.title}".casefold()
        parts = {squeeze(part) for part in _TITLE_PARTS.split(titles)}
        wanted = {part for part in parts if len(part) >= SHORTEST_NAME}
        body = self.tree.body
        if body is None or not wanted:
            return None
        opening = tuple({part[:SHORTEST_NAME] for part in wanted})
        for node in body.traverse(include_text=True, skip_empty=True):
            if node.tag_id != TEXT or (parent := node.parent) is None or parent.tag_id in _NO_HEADINGS:
                continue
            text = squeeze(node.text_content or "").casefold()
            if text.startswith(opening) and _names(text, wanted):
                return parent
        return self._most_like_the_title(set(_WORD.findall(titles)))

    def _most_like_the_title(self, wanted: set[str]) -> LexborNode | None:
        """The first of the texts that have most words of the title and few others; None where none has enough."""
        best, most = None, LEAST_WORDS - 1
        body = self.tree.body
        for node in body.traverse(include_text=True, skip_empty=True) if body is not None else ():
            if node.tag_id != TEXT or (parent := node.parent) is None or parent.tag_id in _NO_HEADINGS:
                continue
            text = node.text_content or ""
            if not SHORTEST_NAME <= len(text) <= LONGEST_NAME:
                continue
            words = set(_WORD.findall(text.casefold()))
            common = len(words & wanted)
            if common > most and common >= LIKE * len(words):
                best, most = parent, common
        return best

    @cached_property
    def options(self) -> list[LexborNode]:
        """The options of all selection fields."""
        return [node for node in self._choices if node.tag_id == _OPTION]

    @cached_property
    def radios(self) -> list[LexborNode]:
        """All radio buttons."""
        return [node for node in self._choices if node.tag_id != _OPTION]

    @cached_property
    def _choices(self) -> list[LexborNode]:
        return self.all("option,input[type=radio]")

    def all(self, selector: str) -> list[LexborNode]:
        """Every node that a selector finds; a selector that is not CSS finds none and is noted."""
        try:
            return self.tree.css(selector)
        except SelectolaxError:
            self.notes.append(f"not a CSS selector: {selector[:80]}")
            return []

    def first(self, selector: str) -> LexborNode | None:
        """The first node that a selector finds."""
        try:
            return self.tree.css_first(selector)
        except SelectolaxError:
            self.notes.append(f"not a CSS selector: {selector[:80]}")
            return None


def _names(text: str, titles: set[str]) -> bool:
    """Whether a text is one of the titles, or the start of one that is cut off, or goes on a little."""
    return text in titles or any(
        len(title) >= LONG_NAME and (text.startswith(title) or (title.startswith(text) and 2 * len(text) > len(title)))
        for title in titles
        if len(text) <= 2 * len(title)
    )


def _scoped(attributes: Attributes) -> bool:
    """Whether an element is called a product or an offer in microdata or RDFa."""
    kind, sort = attributes.get("itemtype"), attributes.get("typeof")
    return bool(kind and _SCOPE.search(kind)) or bool(sort and "product" in sort.lower())


def joined(base: str, url: str) -> str:
    """An address that a page names, made whole; as it stands where it cannot be."""
    if _PLAIN_PATH.fullmatch(url) and (root := _root_of(base)):
        return root + url
    try:
        return urljoin(base, url)
    except ValueError:
        return url


_PLAIN_PATH = re.compile(r"(?:/[\w~%-][\w~%.-]*)+/?(?:\?[\w~%.&=+-]+)?", re.ASCII)  # nothing in it is to be resolved


@lru_cache(maxsize=64)
def _root_of(base: str) -> str:
    """Scheme and host of an address; empty where it has none."""
    try:
        parts = urlsplit(base)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and parts.netloc else ""


def inside(node: LexborNode, selector: str) -> list[LexborNode]:
    """Every descendant that a selector finds; none when it is not CSS."""
    try:
        return node.css(selector)
    except SelectolaxError:
        return []


def attribute(node: LexborNode | None, name: str) -> str:
    """An attribute's text, or empty."""
    return (node.attributes.get(name) or "").strip() if node is not None else ""


def squeeze(text: str) -> str:
    """Runs of white space become one blank."""
    return " ".join(text.split())


def tidy(text: str) -> str:
    """The text with line breaks, runs of blanks and unbreakable ones made single blanks; most texts have none."""
    return squeeze(text) if "\n" in text or "\xa0" in text or "  " in text else text


def text_of(node: LexborNode, limit: int = 300, separator: str = " ") -> str:
    """The node's text, its elements set apart by `separator`, at most `limit` characters."""
    return squeeze(node.text(separator=separator)[: limit * 4])[:limit]


def ancestors(node: LexborNode, limit: int = 30) -> Iterator[LexborNode]:
    """The node's parents, nearest first."""
    parent = node.parent
    while parent is not None and limit:
        yield parent
        parent, limit = parent.parent, limit - 1


def path_of(node: LexborNode) -> str:
    """Where a node stands, as a short CSS path that ends at the nearest id."""
    steps: list[str] = []
    step: LexborNode | None = node
    for _ in range(5):
        tag = (step.tag or "") if step is not None else ""
        if step is None or not tag or tag[0] == "-" or tag in {"html", "body"}:
            break
        attributes = step.attributes
        name = attributes.get("id")
        if name:
            steps.append(f"{tag}#{name.split()[0]}" if name.split() else tag)
            break
        prop = attributes.get("itemprop") or ""
        named = ".".join([tag, *(attributes.get("class") or "").split()[:2]])
        steps.append(f"{named}[itemprop={prop}]" if prop else named)
        step = step.parent
    return " > ".join(reversed(steps))[:200]
