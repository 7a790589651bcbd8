"""JSON-LD: every object of every script block, with `@id` references followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pricewatch.scraping.extract import lenient
from pricewatch.scraping.extract.dom import Document

MAX_OBJECTS = 20_000
Node = dict[str, Any]


def nodes(document: Document) -> list[Node]:
    """The top-level objects of all JSON-LD blocks, `@graph` and arrays unfolded."""
    found: list[Node] = []
    for script in document.landmarks.json_ld:
        text = script.text_lexbor()
        value = lenient.loads(text)
        if value is None and text.strip():
            document.notes.append("a JSON-LD block is not JSON")
        found.extend(_unfold(value))
    return _linked(found)


def _unfold(value: Any) -> Iterator[Node]:
    stack, left = [value], MAX_OBJECTS
    while stack and left:
        left -= 1
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            graph = item.get("@graph")
            if graph is not None and "@type" not in item:
                stack.append(graph)
            else:
                yield item
                if isinstance(graph, list):
                    stack.extend(reversed(graph))


def _linked(found: list[Node]) -> list[Node]:
    """Replace bare references (`{"@id": …}` alone) in first-level properties by the object they name."""
    by_id = {node["@id"]: node for node in found if isinstance(node.get("@id"), str) and len(node) > 1}
    return [_resolve(node, by_id) for node in found] if by_id else found


def _resolve(node: Node, by_id: dict[str, Node]) -> Node:
    return {key: _target(value, by_id) for key, value in node.items()}


def _target(value: Any, by_id: dict[str, Node]) -> Any:
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("@id"), str):
        return by_id.get(value["@id"], value)
    if isinstance(value, list) and len(value) <= 500:
        return [_target(item, by_id) if isinstance(item, dict) else item for item in value]
    return value
