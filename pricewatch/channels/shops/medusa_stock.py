"""Pieces in a Medusa shop: the level of a variant's only inventory item in the only place where it is stocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from pricewatch.channels.api import Api, parsed, render_json
from pricewatch.channels.graphql import JSON, Record, record, records
from pricewatch.domain.errors import ChannelUnknown
from pricewatch.domain.listing import PushResult, PushStatus

_LEVELS = "admin/inventory-items/location-levels/batch"
_ITEMS = "inventory_items"
FIELDS = "fields=" + quote(
    ",".join(
        f"+{_ITEMS}.{name}"
        for name in (
            "required_quantity",
            "inventory_item_id",
            "inventory.location_levels.location_id",
            "inventory.location_levels.stocked_quantity",
        )
    ),
    safe=",.",
)
"""What a question about variants asks for besides."""
NO_PLACE = "its pieces lie in several places or are several items, or are not counted there"


class Place(NamedTuple):
    """Where a variant's pieces lie: the ids of its inventory item and of the stock location."""

    item: str
    location: str


def pieces_of(variant: Record) -> tuple[Place, int] | None:
    """Where they lie and how many; None where they are not counted, or not in exactly one place."""
    items = records(variant.get(_ITEMS))
    if variant.get("manage_inventory") is not True or len(items) != 1 or items[0].get("required_quantity") != 1:
        return None
    levels = records(record(items[0].get("inventory")).get("location_levels"))
    item = items[0].get("inventory_item_id")
    if len(levels) != 1 or not isinstance(item, str):
        return None
    location, pieces = levels[0].get("location_id"), levels[0].get("stocked_quantity")
    return (Place(item, location), pieces) if isinstance(location, str) and type(pieces) is int else None


async def write(api: Api, name: str, pieces: Mapping[str, tuple[Place, int]]) -> Sequence[PushResult]:
    """Write the pieces of variants in one request, all of it or nothing; accepted is what its answer repeats.
    Raises ChannelRefused, ChannelUnavailable and ChannelUnknown.
    """
    update = [
        {"inventory_item_id": place.item, "location_id": place.location, "stocked_quantity": amount}
        for place, amount in pieces.values()
    ]
    reply = await api.write("POST", _LEVELS, render_json({"update": update}), JSON)
    updated = record(parsed(reply.body)).get("updated")
    if not isinstance(updated, list):
        raise ChannelUnknown("answered a change with something that is no list of levels", where=name)
    there = {
        (str(level.get("inventory_item_id")), str(level.get("location_id"))): level.get("stocked_quantity")
        for level in records(updated)
    }
    return [
        PushResult(remote, PushStatus.ACCEPTED if there.get((*place,)) == amount else PushStatus.UNKNOWN)
        for remote, (place, amount) in pieces.items()
    ]
