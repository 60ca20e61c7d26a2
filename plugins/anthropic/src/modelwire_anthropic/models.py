"""The table of Claude models: what each generation takes and refuses.

The list of models (`GET /v1/models`) says much of this for the models that it names; the table is
for the rest, and for models that were never listed. Its facts are of Anthropic's public
documentation: models overview, extended and adaptive thinking, effort, structured outputs,
migration guides. Rows marked hearsay are of other people's issue threads.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache, partial
from typing import Any, Literal

from attrs import evolve, frozen

from modelwire.models import Model

__all__ = ["Claude", "claude_of"]

Thinking = Literal["budget", "adaptive"]


@frozen
class Claude:
    """A generation of models.

    Attributes:
        pattern: The beginning of its ids.
        max_tokens: The maximum number of tokens of an answer.
        thinking: How thinking is requested: by a budget of tokens, or by an effort; `None` where it
            does not think.
        efforts: The effort levels that it knows.
        sampling: Whether it takes temperature and top_p: `both` at once, `one` of them, or `none`.
        prefill: Whether it can continue a partial answer.
        schema: Whether it supports structured output.
        off: How it is kept from thinking: by asking for none (`omit`), by `disabled` or `between_tools`
            as the type of thinking, or not at all (`least`), so that it gets the lowest effort;
            `None` where it is not known.
        forced_calls: Whether it can be made to call a tool at all.
    """

    pattern: str
    max_tokens: int
    thinking: Thinking | None = None
    efforts: tuple[str, ...] = ()
    sampling: Literal["both", "one", "none"] = "both"
    prefill: bool = True
    schema: bool = False
    off: Literal["omit", "disabled", "between_tools", "least"] | None = "omit"
    forced_calls: bool = True


_THREE = ("low", "medium", "high")
_FOUR = (*_THREE, "max")
_FIVE = (*_THREE, "xhigh", "max")

_five = partial(
    Claude, max_tokens=64_000, thinking="adaptive", efforts=_FIVE, sampling="none", prefill=False,
    schema=True, off="disabled",
)  # fmt: skip

# The first row that fits counts.
_TABLE = (
    Claude("claude-(opus-3|3-opus|3-haiku|3-sonnet|2|instant)", 4096),
    Claude("claude-3-5", 8192),
    Claude("claude-3-7", 64_000, "budget"),
    Claude("claude-(opus-4-1)", 32_000, "budget", sampling="one", schema=True),
    Claude("claude-opus-4(-0|-2|$)", 32_000, "budget"),
    Claude("claude-sonnet-4(-0|-2|$)", 64_000, "budget"),
    Claude("claude-opus-4-5", 64_000, "budget", _THREE, "one", schema=True),
    Claude("claude-(sonnet|haiku)-4-5", 64_000, "budget", (), "one", schema=True),
    Claude("claude-opus-4-6", 128_000, "adaptive", _FOUR, "one", prefill=False, schema=True),
    Claude("claude-sonnet-4-6", 64_000, "adaptive", _FOUR, "one", prefill=False, schema=True),
    Claude("claude-opus-4-", 128_000, "adaptive", _FIVE, "none", prefill=False, schema=True),
    # The limits and the efforts of the fifth generation are hearsay. How it is kept from thinking, and
    # which releases refuse a forced call, was seen on Amazon Bedrock, 2026-11: the model card of Opus 5.5;
    # litellm#42717; earendil-works/pi#7081, onyx#15017 for Opus 5; promptfoo#10631 for Sonnet 5.
    _five("claude-opus-5-5", max_tokens=128_000, off="least", forced_calls=False),
    _five("claude-opus-5", max_tokens=128_000),
    _five("claude-sonnet-5-5", off="between_tools", forced_calls=False),
    _five("claude-(fable|mythos)-5-[1-9](?![0-9])", off="least", forced_calls=False),
    _five("claude-(sonnet-5|haiku-5-5)"),
    # hearsay
    _five("claude-(haiku-5|fable|mythos)", off="least"),
    # A newer Claude than this table knows is taken for the newest that it does know.
    Claude("claude-", 64_000, "adaptive", _FOUR, "none", prefill=False, schema=True, off=None),
    # Another company's model behind the same API.
    Claude("", 8192, "budget", (), "both", schema=False),
)  # fmt: skip


def claude_of(model: Model) -> Claude:
    """The generation of a model, corrected by the list of models."""
    name = model.id.rpartition("/")[2].lower()
    # Gateways and clouds write more before it, such as `anthropic.claude-…`.
    found = _generation(name[max(name.find("claude-"), 0) :])
    corrections: dict[str, Any] = {}
    if model.max_tokens is not None:
        corrections["max_tokens"] = model.max_tokens
    styles, efforts = model.extra.get("thinkingTypes"), model.extra.get("efforts")
    if isinstance(styles, list) and styles:
        corrections["thinking"] = "adaptive" if "adaptive" in styles else "budget"
    if isinstance(efforts, list):
        corrections["efforts"] = tuple(word for word in _FIVE if word in efforts)
    if isinstance(model.extra.get("structuredOutputs"), bool):
        corrections["schema"] = model.extra["structuredOutputs"]
    if model.reasoning is False:
        corrections["thinking"] = None
    return _corrected(found, tuple(corrections.items())) if corrections else found


@lru_cache(maxsize=512)
def _corrected(found: Claude, corrections: tuple[tuple[str, Any], ...]) -> Claude:
    return evolve(found, **dict(corrections))


@cache
def _generation(model_id: str) -> Claude:
    return next(row for row in _TABLE if re.match(row.pattern, model_id))
