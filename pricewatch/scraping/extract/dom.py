"""A parsed page and the few questions that every source asks of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode, SelectolaxError

MAX_NODES = 400
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"\s+")
_LANDMARKS = (
    "h1,[role=heading][aria-level='1'],title,meta[content],script[type*='ld+json' i],link[rel~='canonical' i],"
    "[itemtype*='Product' i],[typeof*='Product' i],[itemtype*='Offer' i]"
)
_REMEMBERED = ("landmarks", "canonical", "meta", "title", "headings", "heading", "main_heading")


@dataclass(slots=True)
class Landmarks:
    """The elements that every reading looks at, found in one pass over the tree, in page order."""

    headings: list[LexborNode] = field(default_factory=list)
    titles: list[LexborNode] = field(default_factory=list)
    json_ld: list[LexborNode] = field(default_factory=list)
    canonical: list[LexborNode] = field(default_factory=list)
    meta: list[LexborNode] = field(default_factory=list)
    scopes: list[LexborNode] = field(default_factory=list)


@dataclass(slots=False)
class Document:
    """A page as a tree, with its address; everything asked twice is remembered."""

    tree: LexborHTMLParser
    url: str
    html: str
    notes: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, html: str, url: str, encoded: bytes = b"") -> Document:
        """Parse text that `guard.hostile` has let pass; `encoded` is the same in UTF-8, when it is at hand."""
        tree = LexborHTMLParser(encoded or html, options=LexborDocumentOptions.WO_EVENTS)
        return cls(tree, url, html)

    @cached_property
    def landmarks(self) -> Landmarks:
        found = Landmarks()
        kinds = {"title": found.titles, "link": found.canonical, "meta": found.meta}
        for node in self.all(_LANDMARKS):
            tag = node.tag or ""
            if tag in kinds:
                kinds[tag].append(node)
                if tag == "title":
                    continue
            attributes = node.attributes
            if tag == "script":
                found.json_ld.append(node)
            elif "itemtype" in attributes or "typeof" in attributes:
                found.scopes.append(node)
            if tag == "h1" or attributes.get("aria-level") == "1":
                found.headings.append(node)
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
        in_head = [node for node in everywhere if (parent := node.parent) is not None and parent.tag == "head"]
        for node in in_head if len(in_head) > 2 else everywhere:
            attributes = node.attributes
            name = attributes.get("property") or attributes.get("name") or attributes.get("http-equiv")
            content = attributes.get("content")
            if name and content:
                found.setdefault(name.strip().lower(), content.strip())
        return found

    @cached_property
    def title(self) -> str:
        return text_of(self.landmarks.titles[0], 400) if self.landmarks.titles else ""

    @cached_property
    def headings(self) -> list[LexborNode]:
        named = self.landmarks.headings
        return ([node for node in named if node.tag == "h1"] or named)[:8]

    @cached_property
    def heading(self) -> str:
        return text_of(self.main_heading, 400) if self.main_heading else ""

    @cached_property
    def main_heading(self) -> LexborNode | None:
        """The heading that names the item: the one most like the page's title, else the first with text."""
        headings = self.headings
        if len(headings) < 2:
            return headings[0] if headings and headings[0].text(strip=True) else None
        stated = set(_WORD.findall((self.meta.get("og:title", "") + " " + self.title).lower()))
        best, most = None, -1.0
        for node in headings:
            words = set(_WORD.findall(text_of(node, 300).lower()))
            share = len(words & stated) / (len(words) + 1) if words else -1.0
            if share > most:
                best, most = node, share
        return best

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


def ids(*tags: str) -> frozenset[int]:
    """The parser's numbers of these elements: comparing them is far quicker than comparing names."""
    tree = LexborHTMLParser("<p>")
    return frozenset(tree.create_node(tag).tag_id for tag in tags)


def joined(base: str, url: str) -> str:
    """An address that a page names, made whole; as it stands where it cannot be."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


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
    return _SPACE.sub(" ", text).strip()


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
    for step in (node, *ancestors(node, 4)):
        tag = step.tag or ""
        if not tag or tag.startswith("-") or tag in {"html", "body"}:
            break
        attributes = step.attributes
        name = attributes.get("id")
        if name:
            steps.append(f"{tag}#{name.split()[0]}" if name.split() else tag)
            break
        classes = (attributes.get("class") or "").split()[:2]
        prop = attributes.get("itemprop") or ""
        steps.append(tag + "".join(f".{c}" for c in classes) + (f"[itemprop={prop}]" if prop else ""))
    return " > ".join(reversed(steps))[:200]
