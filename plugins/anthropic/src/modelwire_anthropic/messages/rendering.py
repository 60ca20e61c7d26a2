"""The rendering of a conversation: the state shared by all parts of a request."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from attrs import field, frozen

from modelwire.messages import AssistantMessage
from modelwire.models import InputKind, Model
from modelwire.repair import Changes, ToolNames, UniqueIds
from modelwire_anthropic.account import API
from modelwire_anthropic.models import Claude

__all__ = ["Rendering"]


@frozen
class Rendering:
    """The model to call, and its conventions.

    Attributes:
        model: The model.
        claude: Its generation.
        names: The names of the tools on the wire.
        changes: The record of changes.
        replay_thinking: Whether the model's earlier thinking goes back to it.
        requires_signature: Whether it goes back only with its signature.
        ids: Gives the ids of tool calls.
        sources: The documents and search results that have been written: whether each may be cited.
    """

    model: Model
    claude: Claude
    names: ToolNames
    changes: Changes
    replay_thinking: bool = True
    requires_signature: bool = True
    ids: UniqueIds = field(factory=UniqueIds)
    sources: dict[str, list[bool]] = field(factory=partial(defaultdict, list))

    def takes(self, kind: InputKind) -> bool:
        """Whether the model takes such input; one of which nothing is known is taken to."""
        return self.model.input is None or kind in self.model.input

    def is_own(self, message: AssistantMessage) -> bool:
        """Whether the same model of the same provider wrote a message."""
        same = message.provider == self.model.provider and message.model == self.model.id
        return same and (message.api or API) == API
