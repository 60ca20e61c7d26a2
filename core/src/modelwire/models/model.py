"""The model, with the known facts about it; and a list of models that may be incomplete."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from attrs import Factory, field, frozen

from modelwire.models.ref import ModelRef
from modelwire.redaction import url_repr
from modelwire.text import short_repr

if TYPE_CHECKING:
    from modelwire.messages import Cost, Usage

__all__ = ["InputKind", "Model", "ModelList", "OutputKind", "Prices", "ReasoningLevel"]

InputKind = Literal["text", "image", "document", "audio", "video"]
OutputKind = Literal["text", "embedding"]
ReasoningLevel = Literal["off", "minimal", "low", "medium", "high", "xhigh", "max"]


@frozen
class Prices:
    """Prices in USD per million tokens; `None` where a price is not known.

    Attributes:
        input: Tokens of the request that no cache was involved in.
        output: Tokens of the answer.
        cache_read: Tokens that were read from the provider's cache.
        cache_write: Tokens that were written to the cache, to be kept for the usual time.
        cache_write_long: Tokens that were written to the cache, to be kept for long, as
            `cache_retention="long"` asks for.
    """

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_long: float | None = None

    def cost_of(self, usage: Usage) -> Cost | None:
        """The cost of `usage` in USD, or `None` if a price that it needs is not known.

        Long-lived cache writes cost twice the input price where the model names no price
        of their own, which is what they cost at the providers that sell them.
        """
        from modelwire.messages import Cost

        long_write = self.cache_write_long
        if long_write is None and self.input is not None:
            long_write = 2 * self.input
        short_writes = usage.cache_write - usage.cache_write_1h
        parts = [
            _price(self.input, usage.input),
            _price(self.output, usage.output),
            _price(self.cache_read, usage.cache_read),
            _price(self.cache_write, short_writes),
            _price(long_write, usage.cache_write_1h),
        ]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return Cost(known[0], known[1], known[2], known[3] + known[4])


@lru_cache(maxsize=1024)
def _ref_of(provider: str, model: str) -> ModelRef:
    """A reference; each call asks for that of its model several times."""
    return ModelRef(provider, model)


def _price(per_million: float | None, tokens: int) -> float | None:
    if tokens == 0:
        return 0.0
    return None if per_million is None else per_million * tokens / 1_000_000


@frozen
class Model:
    """A model of a provider, as far as it is known. `None` always means unknown.

    Attributes:
        provider: The provider's id, such as `amazon-bedrock`.
        id: The model's id at that provider, exactly as the provider spells it.
        name: A display name; the id where there is none.
        api: The wire API to speak, such as `openai-completions`; `None` leaves it to the plugin.
        base_url: Its base URL, if it is not the provider's.
        reasoning: Whether it can think before it answers.
        input: The kinds of content that it accepts.
        tools: Whether it can call tools.
        local: Whether it runs on this machine.
        prices: In USD per million tokens.
        context_window: The maximum number of tokens of request and answer together.
        context_tokens: A lower limit on the context, set by the user.
        max_tokens: The maximum number of tokens of an answer.
        thinking_level_map: Provider-specific names of reasoning levels.
        params: Request parameters for every call, set by the user.
        headers: HTTP headers for every call, set by the user.
        extra: Keys that only the plugin understands.
        sources: The sources of these facts: `configured`, `discovered`.
        output: Its kinds of output: `text` for a model that answers, `embedding` for one that makes
            vectors of texts, both for one that does both.
    """

    provider: str
    id: str
    name: str = field(default=Factory(lambda self: self.id, takes_self=True))
    api: str | None = None
    base_url: str | None = field(default=None, repr=url_repr)
    reasoning: bool | None = None
    input: tuple[InputKind, ...] | None = None
    tools: bool | None = None
    local: bool | None = None
    prices: Prices | None = None
    context_window: int | None = None
    context_tokens: int | None = None
    max_tokens: int | None = None
    thinking_level_map: dict[str, str | None] = Factory(dict)
    params: dict[str, Any] = field(factory=dict, repr=False)
    headers: dict[str, str] = field(factory=dict, repr=False)
    extra: dict[str, Any] = field(factory=dict, repr=False)
    sources: tuple[str, ...] = ()
    output: tuple[OutputKind, ...] | None = None

    __repr__ = short_repr

    @property
    def ref(self) -> ModelRef:
        """The reference that names this model."""
        return _ref_of(self.provider, self.id)

    @property
    def may_answer(self) -> bool:
        """Whether it answers prompts, as far as it is known."""
        return self.output is None or "text" in self.output

    @property
    def may_embed(self) -> bool:
        """Whether it makes embeddings, as far as it is known."""
        return self.output is None or "embedding" in self.output


class ModelList(tuple[Model, ...]):
    """The models of a provider, as a tuple, and the reasons why some may be missing.

    Two lists are equal if their models are.

    Args:
        models: The models.
        incomplete: Why models may be missing, one sentence for each reason, for display and
            without secrets. A list without reasons is complete.

    Raises:
        TypeError: A reason is not a text, or is empty.

    Attributes:
        incomplete: The reasons.
    """

    incomplete: tuple[str, ...]

    def __new__(
        cls, models: Iterable[Model] = (), incomplete: str | Iterable[str] = ()
    ) -> ModelList:
        """Make the tuple, with the reasons beside it."""
        reasons = (incomplete,) if isinstance(incomplete, str) else tuple(incomplete)
        given: tuple[object, ...] = reasons
        if not all(isinstance(reason, str) and reason.strip() for reason in given):
            msg = f"Each reason of an incomplete list must be a text that is not empty: {reasons!r}"
            raise TypeError(msg)
        made = super().__new__(cls, models)
        made.incomplete = reasons
        return made
