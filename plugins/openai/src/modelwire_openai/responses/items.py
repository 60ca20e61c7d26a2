"""Output items of an answer, and which of them an event is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from modelwire.authoring import ToolArguments

__all__ = ["Item", "Items"]


@define(eq=False)
class Item:
    """An item that is being received.

    Attributes:
        index: Its number among the deltas.
        kind: Its type on the wire, as `message`.
        id: Its id on the wire.
        received: How many characters have come of each part, by its kind and number.
        last_part: The part that the last characters were of.
        arguments: The arguments of a tool call.
        held: Arguments that came before the name of their tool.
        whole: All arguments, as the call's beginning or the end of its arguments gave them.
        begun: Whether the tool call was told.
        done: The parts whose own end has come; the text of that end counts.
        closed: Whether the item is complete.
    """

    index: int
    kind: str
    id: str | None = None
    received: dict[tuple[str, int], int] = field(factory=dict)
    last_part: tuple[str, int] | None = None
    arguments: ToolArguments = field(factory=ToolArguments)
    held: str = ""
    whole: str = ""
    begun: bool = False
    done: set[tuple[str, int]] = field(factory=set)
    closed: bool = False


@define
class Items:
    """The items of one answer, in the order in which they began."""

    all: list[Item] = field(factory=list, init=False)
    _by_id: dict[str, Item] = field(factory=dict, init=False)
    _by_output: dict[int, Item] = field(factory=dict, init=False)

    def begin(self, kind: str, item_id: str | None, output: Any) -> Item:
        """Take in a new item; `output` is its number on the wire, if it has one."""
        item = Item(len(self.all), kind, item_id)
        self.all.append(item)
        if item_id:
            self._by_id[item_id] = item
        if isinstance(output, int):
            self._by_output[output] = item
        return item

    def find(self, item_id: Any, output: Any) -> Item | None:
        """The item with an id, or else with a number.

        The id comes first, since there are services that number every item alike; the number
        serves where the id differs from event to event. Without both it is the last one (recorded
        of llama.cpp: no numbers).
        """
        if isinstance(item_id, str) and (item := self._by_id.get(item_id)):
            return item
        if isinstance(output, int):
            return self._by_output.get(output)
        return self.all[-1] if self.all and not item_id else None

    def of(self, event: Mapping[str, Any], kind: str) -> Item:
        """The item that an event is about; one that nobody announced begins here."""
        item_id, output = event.get("item_id"), event.get("output_index")
        item = self.find(item_id, output)
        if item is None or item.kind != kind:
            item = self.begin(kind, item_id if isinstance(item_id, str) else None, output)
        return item

    def before(self, item: Item) -> str | None:
        """The id of the item before another."""
        return self.all[item.index - 1].id if item.index else None
