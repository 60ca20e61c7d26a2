"""The rendering of a conversation: the state shared by all parts of a request."""

from __future__ import annotations

import hashlib

from attrs import define, field

from modelwire.messages import AssistantMessage
from modelwire.models import Model, fold_provider
from modelwire.repair import Changes, ToolNames, legal_name
from modelwire_openai.compat import Compat
from modelwire_openai.servers import COMPLETIONS

__all__ = ["CallIds", "Rendering"]

_LONGEST_ID = 40
_MISTRAL_ID = 9


@define
class CallIds:
    """Gives each tool call an id on the wire that no other call of the conversation has.

    OpenAI takes ids of at most 40 characters; the id of a call from the Responses API is two ids
    with `|` between them. A service gets back the ids that it made itself, since some models
    read their ids. Some services restart their numbering with each answer.
    """

    mistral: bool = False
    _used: set[str] = field(factory=set, init=False)

    def new(self, original: str, *, own: bool) -> str:
        """The id on the wire for the next call.

        Args:
            original: The id that the call has.
            own: Whether this API of this provider gave that id.
        """
        times = 0
        wire = original if own and original else self._legal(original)
        while wire in self._used:
            times += 1
            wire = self._legal(original, salt=str(times))
        self._used.add(wire)
        return wire

    def _legal(self, original: str, *, salt: str = "") -> str:
        if not self.mistral:
            return legal_name(original.partition("|")[0], salt=salt, longest=_LONGEST_ID)
        fits = len(original) == _MISTRAL_ID and original.isascii() and original.isalnum()
        if fits and not salt:
            return original
        whole = f"{original}\0{salt}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(whole).hexdigest()[:_MISTRAL_ID]


@define
class Rendering:
    """The model to call, and its conventions.

    Attributes:
        model: The model.
        compat: How its service deviates from OpenAI.
        names: The names of the tools.
        changes: The record of changes.
        is_openai: Whether it is OpenAI itself.
        ids: Gives the ids of tool calls.
    """

    model: Model
    compat: Compat
    names: ToolNames
    changes: Changes
    is_openai: bool = False
    ids: CallIds = field(factory=CallIds)

    @property
    def takes_images(self) -> bool:
        """Whether the model takes images, as far as that is known."""
        return self.model.input is None or "image" in self.model.input

    def is_own_api(self, message: AssistantMessage) -> bool:
        """Whether this API of the same provider wrote a message."""
        same_provider = fold_provider(message.provider) == fold_provider(self.model.provider)
        return same_provider and (message.api or COMPLETIONS) == COMPLETIONS

    def is_own(self, message: AssistantMessage) -> bool:
        """Whether the same model wrote a message, over this API of the same provider."""
        return self.is_own_api(message) and message.model == self.model.id
