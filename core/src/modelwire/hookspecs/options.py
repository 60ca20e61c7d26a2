"""Options of a completion and of embeddings, and the discovery settings of a provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import Factory, field, frozen

from modelwire.errors import InvalidRequest
from modelwire.models import ReasoningLevel
from modelwire.text import short_repr
from modelwire.transport.deadlines import Deadlines

__all__ = [
    "CacheRetention",
    "CompletionOptions",
    "DiscoverySettings",
    "EmbeddingInput",
    "EmbeddingOptions",
    "ToolChoice",
]

CacheRetention = Literal["none", "short", "long"]
EmbeddingInput = Literal["query", "document", "classification", "clustering"]

_NO_DEADLINES = Deadlines()
_SCHEMA_HINT = (
    "Give a dataclass, an attrs class, a TypedDict, a Pydantic model, or a JSON Schema as a dict."
)


@frozen
class ToolChoice:
    """The choice of tools: which the model may, must or must not call.

    Attributes:
        mode: `auto` leaves it to the model, `none` forbids calls, `any` demands one, and `tool`
            demands a call of the tool `name`.
        name: The tool's name, for `tool`.
    """

    mode: Literal["auto", "none", "any", "tool"]
    name: str | None = None

    @classmethod
    def parse(cls, text: str) -> ToolChoice:
        """Read `auto`, `none` or `any`; anything else is the name of a tool."""
        if text in ("auto", "none", "any"):
            return cls(text)  # type: ignore[arg-type] # checked in the line above
        return cls("tool", text)


def _texts(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _choice(given: ToolChoice | str | None) -> ToolChoice | None:
    return ToolChoice.parse(given) if isinstance(given, str) else given


def _schema(given: type[Any] | Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        return given if isinstance(given, dict) else dict(given)
    from modelwire.tools.schemas import describe_answer, reason

    name = getattr(given, "__qualname__", None) or repr(given)
    try:
        schema = describe_answer(given)
    except Exception as error:
        msg = f"response_schema cannot be made of {name}: {reason(error)}"
        raise InvalidRequest(msg, retryable=False, hint=_SCHEMA_HINT) from error
    if schema.get("type") != "object":
        msg = f"response_schema is {name}, which is not an object; services take only objects."
        raise InvalidRequest(msg, retryable=False, hint=_SCHEMA_HINT)
    return schema


@frozen
class CompletionOptions:
    """Options of one answer. `None` means the provider's own default.

    Attributes:
        max_tokens: The maximum number of tokens of the answer.
        temperature: Sampling temperature, from 0; the upper limit is the provider's.
        top_p: Share of the probability mass to sample from, 0 to 1.
        stop: Texts at which the answer ends.
        reasoning: The level of reasoning.
        tool_choice: Which tools may be called. May be given as `"auto"`, `"none"`, `"any"` or the
            name of a tool, as `ToolChoice.parse` reads it.
        cache_retention: How long the provider may cache the prompt.
        metadata: Labels for the provider's logs.
        session_id: An id that is constant over a conversation, for the provider's cache.
        response_schema: JSON Schema that the answer's text must follow. May be given as a dataclass,
            an attrs class, a `TypedDict` or a Pydantic model.
        params: Further request parameters that only the provider understands.
        plugins: Settings of this call for installed plugins, by the plugin's name as in the block
            `plugins.entries` of the configuration, as `{"recordings": {"mode": "off"}}`. They are not
            sent. A plugin that is not installed is not an error.
        deadlines: The limits on waiting.

    Raises:
        InvalidRequest: `response_schema` does not give the schema of an object.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = field(default=(), converter=_texts)
    reasoning: ReasoningLevel | None = None
    tool_choice: ToolChoice | None = field(default=None, converter=_choice)
    cache_retention: CacheRetention | None = None
    metadata: dict[str, str] = Factory(dict)
    session_id: str | None = None
    response_schema: dict[str, Any] | None = field(default=None, converter=_schema)
    params: dict[str, Any] = Factory(dict)
    plugins: dict[str, dict[str, Any]] = Factory(dict)
    deadlines: Deadlines = _NO_DEADLINES

    __repr__ = short_repr


@frozen
class EmbeddingOptions:
    """Options of embeddings. `None` means the service's own default.

    Attributes:
        dimensions: The length of the vectors, for models that have several.
        input_type: The purpose of the texts. A model that distinguishes queries from documents
            makes other vectors of them; for other models it is left out.
        normalize: `True` makes the length of each vector 1, also where the service does not. `False`
            requests vectors that are not normalized, where the service has the choice.
        params: Further request parameters that only the provider understands.
        plugins: Settings of this call for installed plugins, as in `CompletionOptions`.
        deadlines: The limits on waiting: `total` for all the texts, `first_event` for the first
            vectors, the others for each request.
    """

    dimensions: int | None = None
    input_type: EmbeddingInput | None = None
    normalize: bool | None = None
    params: dict[str, Any] = Factory(dict)
    plugins: dict[str, dict[str, Any]] = Factory(dict)
    deadlines: Deadlines = _NO_DEADLINES


@frozen
class DiscoverySettings:
    """Settings from `plugins.entries.<provider>.config.discovery`.

    Attributes:
        enabled: Whether to query the provider; `None` queries it when its credentials are usable.
        refresh_interval: Seconds that a list stays fresh; 0 switches the cache off.
        values: All keys as written, including those that only the plugin knows.
    """

    enabled: bool | None = None
    refresh_interval: int = 3600
    values: dict[str, Any] = Factory(dict)
