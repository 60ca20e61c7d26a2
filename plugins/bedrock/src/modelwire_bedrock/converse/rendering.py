"""The rendering of a conversation: the state shared by all parts of a request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache, partial

from attrs import Factory, field, frozen

from modelwire.messages import AssistantMessage
from modelwire.models import InputKind, Model, fold_provider
from modelwire.repair import Changes, ToolNames
from modelwire_bedrock.converse.call_ids import CallIds
from modelwire_bedrock.converse.media import DocumentNames
from modelwire_bedrock.models.families import Family, base_model_id

__all__ = ["API", "Rendering", "takes"]

API = "bedrock-converse-stream"
_CLAUDE_APIS = {"amazon-bedrock": (API, "anthropic-messages"), "anthropic": ("anthropic-messages",)}
_PROVIDERS = frozenset({"amazon-bedrock", "bedrock", "aws-bedrock"})


def takes(model: Model, family: Family, kind: InputKind) -> bool:
    """Whether a model takes such input: what it is known to take counts, else its family."""
    return kind in model.input if model.input is not None else kind not in family.no_files


@frozen
class Rendering:
    """The model to call, and its conventions.

    Attributes:
        model: The model.
        family: Its family.
        tool_blocks: Whether tool calls and results are blocks; without a list of tools the service
            refuses those, and they are sent as text.
        names: The names of the tools.
        changes: The record of changes.
        unfit: Images and documents that are beyond the model's limits: why, by their paths.
        newest: The path of the last message, whose content the user can still change.
        ids: Gives the ids of tool calls.
        documents: Gives the names of documents.
        sources: The documents and search results that have been written: whether each may be cited.
    """

    model: Model
    family: Family
    tool_blocks: bool
    names: ToolNames
    changes: Changes
    unfit: Mapping[str, str] = field(factory=dict)
    newest: str = ""
    ids: CallIds = Factory(lambda rendering: CallIds(rendering.family), takes_self=True)
    documents: DocumentNames = Factory(
        lambda rendering: DocumentNames(rendering.changes), takes_self=True
    )
    sources: dict[str, list[bool]] = field(factory=partial(defaultdict, list))

    @property
    def cites(self) -> bool:
        """Whether the model takes and makes citations; peers found that Claude alone does."""
        return self.family.key.startswith("claude")

    def fetches(self, kind: str, *, by_tool: bool) -> bool:
        """Whether the model takes such media from Amazon S3.

        Claude takes them in tool results only, and documents only; peers saw it live.
        """
        return not self.cites or (by_tool and kind == "document")

    def takes(self, kind: InputKind) -> bool:
        """Whether the model takes such input."""
        return takes(self.model, self.family, kind)

    def is_own(self, message: AssistantMessage) -> bool:
        """Whether the same model, over the same API of the same provider, wrote a message.

        A model that is called through a profile of another geography is the same; Anthropic's
        documentation says that signatures hold wherever the model runs.
        """
        same_api = (message.api or API) == (self.model.api or API)
        return same_api and _is_same(
            message.provider, message.model, self.model.provider, self.model.id
        )

    def accepts_thinking_of(self, message: AssistantMessage) -> bool:
        """Whether the model takes back the signed thinking of a message.

        It takes its own. Claude takes that of any Claude, on Bedrock or from Anthropic, and ignores
        what it cannot read (windmill-labs/windmill#9545); where it does refuse it, the request is
        sent again without.
        """
        if self.is_own(message):
            return True
        claude = self.family.key.startswith("claude") and "claude" in message.model.lower()
        apis = _CLAUDE_APIS.get(_provider(message.provider), ())
        return claude and (message.api is None or message.api in apis)


@lru_cache(maxsize=512)
def _is_same(provider: str, model: str, own_provider: str, own_model: str) -> bool:
    """Whether two names mean one model of one provider; long histories ask this for each message."""
    same_provider = _provider(provider) == _provider(own_provider)
    return same_provider and base_model_id(model) == base_model_id(own_model)


def _provider(name: str) -> str:
    folded = fold_provider(name)
    return "amazon-bedrock" if folded in _PROVIDERS else folded
