"""Microdata and RDFa: product scopes as the same plain objects that JSON-LD gives."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.dom import Document, ancestors, attribute, inside, path_of, text_of

MAX_SCOPES = 60
MAX_PROPERTIES = 1500
_CONTENT = {"meta": "content", "link": "href", "a": "href", "img": "src", "data": "value", "time": "datetime"}
_PRODUCTS = frozenset({"Product", "product", "ProductGroup", "ProductModel", "IndividualProduct"})
Node = dict[str, Any]


def microdata(document: Document) -> list[Node]:
    """Every top-level Product scope; without one, the offers that stand alone."""
    return _scopes(document, "itemscope", "itemtype", "itemprop") or _bare_offers(document)


def rdfa(document: Document) -> list[Node]:
    """Every top-level RDFa Product."""
    return _scopes(document, "typeof", "typeof", "property")


def _scopes(document: Document, scope: str, kind: str, prop: str) -> list[Node]:
    nodes = [node for node in document.landmarks.scopes if _type(attribute(node, kind)) in _PRODUCTS]
    return [_object(node, scope, kind, prop) for node in nodes[:MAX_SCOPES]]


def _bare_offers(document: Document) -> list[Node]:
    scopes = [n for n in document.landmarks.scopes if _type(attribute(n, "itemtype")) in {"Offer", "AggregateOffer"}]
    offers = [_object(node, "itemscope", "itemtype", "itemprop") for node in scopes[:3]]
    return [{**offer, "@type": "Product", "offers": offer} for offer in offers] if len(scopes) <= 2 else []


def _type(value: str) -> str:
    first = next(iter(value.split()), "").rstrip("/")
    return first.rsplit("/", 1)[-1].rsplit(":", 1)[-1].rsplit("#", 1)[-1]


def _object(root: LexborNode, scope: str, kind: str, prop: str) -> Node:
    """Build the object of a scope: each property goes to its nearest enclosing scope."""
    result: Node = {"@type": _type(attribute(root, kind)), "@where": path_of(root)}
    objects: dict[int, Node] = {root.mem_id: result}
    for node in inside(root, f"[{prop}]" if scope == "itemscope" else f"[{prop}],[rel],[{scope}]")[:MAX_PROPERTIES]:
        attributes = node.attributes
        if node.mem_id == root.mem_id or not (prop in attributes or scope in attributes):
            continue
        owner = _owner(node, scope, objects)
        if owner is None:
            continue
        value: Any
        if scope in attributes:
            value = {"@type": _type(attributes.get(kind) or ""), "@where": path_of(node)}
            objects[node.mem_id] = value
        else:
            value = _value(node, attributes)
        for name in _names(node, attributes, prop, is_scope=scope in attributes):
            _add(owner, _type(name), value, node)
    return result


def _names(node: LexborNode, attributes: dict[str, str | None], prop: str, *, is_scope: bool) -> list[str]:
    """The properties that a node states; in RDFa a `rel` on an object, or around it, names it as well."""
    names = attributes.get(prop) or ""
    if not names and is_scope and prop == "property":
        around = node.parent.attributes if node.parent is not None else {}
        names = attributes.get("rel") or around.get("rel") or around.get("property") or ""
    return names.split()


def _owner(node: LexborNode, scope: str, objects: dict[int, Node]) -> Node | None:
    for parent in ancestors(node, 60):
        known = objects.get(parent.mem_id)
        if known is not None:
            return known
        if scope in parent.attributes:
            return None
    return None


def _value(node: LexborNode, attributes: dict[str, str | None]) -> str:
    content = attributes.get("content")
    if content is not None:
        return content.strip()
    source = _CONTENT.get(node.tag or "")
    if source and attributes.get(source) is not None:
        return (attributes[source] or "").strip()
    return text_of(node, 600)


def _add(owner: Node, name: str, value: Any, node: LexborNode) -> None:
    if name == "price" and isinstance(value, str):
        owner.setdefault("@priceWhere", path_of(node))
    if name in owner:
        kept = owner[name]
        owner[name] = [*kept, value] if isinstance(kept, list) else [kept, value]
    else:
        owner[name] = value


def same_page(url: str, other: str) -> bool:
    """Whether two addresses are one page, leaving scheme, www and query aside."""
    try:
        one, two = urlsplit(url), urlsplit(other)
    except ValueError:
        return False
    hosts = {(part.hostname or "").removeprefix("www.") for part in (one, two) if part.hostname}
    return len(hosts) <= 1 and one.path.rstrip("/") == two.path.rstrip("/") and len(one.path) > 1
