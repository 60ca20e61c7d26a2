"""Output items of an answer, and which of them an event is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import define, field

from modelwire.authoring import ToolArguments
from modelwire_openai.responses.parts import PartKey, Parts

__all__ = ["Item", "Items"]


@define(eq=False)
class Item:
    """An item that is being received.

    Attributes:
        index: Its number among the deltas.
        kind: Its type on the wire, such as `message`.
        id: Its id on the wire.
        call_id: The id of the call on the wire, of a tool call.
        parts: What has been received of its text or thinking.
        last_part: The part that the last characters were of.
        arguments: The arguments of a tool call.
        held: Arguments that came before the name of their tool.
        whole: All arguments, as the call's beginning or the end of its arguments gave them.
        begun: Whether the tool call was begun.
        arguments_ended: Whether the end of its arguments has come.
        closed: Whether the item is complete.
    """

    index: int
    kind: str
    id: str | None = None
    call_id: str | None = None
    parts: Parts = field(factory=Parts)
    last_part: PartKey | None = None
    arguments: ToolArguments = field(factory=ToolArguments)
    held: str = ""
    whole: str = ""
    begun: bool = False
    arguments_ended: bool = False
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
        """The item that an event is about; one that was never announced begins here."""
        item_id, output = event.get("item_id"), event.get("output_index")
        item = self.find(item_id, output)
        if item is None or item.kind != kind:
            item = self.begin(kind, item_id if isinstance(item_id, str) else None, output)
        return item

    def ending(self, data: Mapping[str, Any], output: Any) -> Item | None:
        """The item whose end an event is, or `None` for one that was never announced.

        An id that is not known may be a new id of an item that has begun: without a number, that of
        the last one of its kind that is open.
        """
        kind, item_id = data.get("type"), data.get("id")
        item = self.find(item_id, output)
        if item is None and not isinstance(output, int):
            item = next((i for i in reversed(self.all) if i.kind == kind and not i.closed), None)
        return item if item is not None and item.kind == kind else None

    def listed(self, output: Sequence[Mapping[str, Any]]) -> list[Item | None]:
        """The items that the list at the end of an answer has, each at the place of its own.

        An id says most, then the id of a call; of the others the one at the same place is meant, or
        the first of the same kind, since lists are seen that leave items out or give them other ids.
        """
        left = {item.index: item for item in self.all}
        found: list[Item | None] = [None] * len(output)
        calls = {item.call_id: item for item in self.all if item.call_id}
        kinds = {kind: _of_kind(self.all, kind) for kind in {item.kind for item in self.all}}
        steps: tuple[Callable[[Mapping[str, Any], int], Iterable[Item | None]], ...] = (
            lambda data, _: (self._by_id.get(_text(data, "id")),),
            lambda data, _: (calls.get(_text(data, "call_id")),),
            lambda _, place: (self._by_output.get(place), self.all[min(place, len(self.all) - 1)]),
            lambda data, _: kinds.get(_text(data, "type"), ()),
        )
        for candidates in steps:
            for place, data in enumerate(output if left else ()):
                if found[place] is None:
                    found[place] = _taken(candidates(data, place), _text(data, "type"), left)
        return found

    def before(self, item: Item) -> str | None:
        """The id of the item before another."""
        return self.all[item.index - 1].id if item.index else None


def _taken(candidates: Iterable[Item | None], kind: str, left: dict[int, Item]) -> Item | None:
    """The first candidate that is left and of a kind; it is left no more."""
    for item in candidates:
        if item is not None and item.index in left and item.kind == kind:
            return left.pop(item.index)
    return None


def _of_kind(items: Iterable[Item], kind: str) -> Iterator[Item]:
    """The items of a kind, each once; what is taken from the front is not looked at again."""
    return (item for item in items if item.kind == kind)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
