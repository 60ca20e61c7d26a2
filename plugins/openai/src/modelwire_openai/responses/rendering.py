"""The rendering of a conversation: the state shared by all parts of a request."""

from __future__ import annotations

from attrs import define, field

from modelwire.messages import AssistantMessage
from modelwire.models import Model, fold_provider
from modelwire.repair import Changes, ToolNames, UniqueIds
from modelwire_openai.servers import RESPONSES

__all__ = ["Rendering", "join_ids", "split_ids"]


@define
class Rendering:
    """The model to call, and its conventions.

    Attributes:
        model: The model.
        names: The names of the tools.
        changes: The record of changes.
        reasoning: Whether the model's own reasoning items are sent back.
        stored: Whether the service keeps its answers, so that an item's id is enough.
        call_ids: Gives the ids of tool calls.
        item_ids: Ids of items that are in the request; the service refuses one that comes twice.
    """

    model: Model
    names: ToolNames
    changes: Changes
    reasoning: bool = True
    stored: bool = False
    call_ids: UniqueIds = field(factory=UniqueIds)
    item_ids: set[str] = field(factory=set)

    @property
    def takes_images(self) -> bool:
        """Whether the model takes images, as far as that is known."""
        return self.model.input is None or "image" in self.model.input

    def is_own_api(self, message: AssistantMessage) -> bool:
        """Whether this API of the same provider wrote a message."""
        same_provider = fold_provider(message.provider) == fold_provider(self.model.provider)
        return same_provider and (message.api or RESPONSES) == RESPONSES

    def is_own(self, message: AssistantMessage) -> bool:
        """Whether the same model wrote a message, over this API of the same provider."""
        return self.is_own_api(message) and message.model == self.model.id


def join_ids(call_id: str, item_id: str | None) -> str:
    """The id of a tool call: the service's id of the call, and that of the item which holds it."""
    return f"{call_id}|{item_id}" if item_id and item_id != call_id else call_id


def split_ids(joined: str) -> tuple[str, str | None]:
    """The two ids that `join_ids` joined; the second is `None` where there was none."""
    call_id, _, item_id = joined.partition("|")
    return (call_id, item_id or None) if call_id else (joined, None)
