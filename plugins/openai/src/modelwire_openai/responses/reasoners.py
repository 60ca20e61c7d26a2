"""Which of OpenAI's models reason, how much they can be asked to, and what they do unasked.

The efforts stand in the documentation of `reasoning.effort`: `none` came with gpt-5.1, `minimal` was
gpt-5's alone, and `xhigh` came after gpt-5.1-codex-max. What a model does unasked is in the
`reasoning` of every answer. The service refuses `temperature` and `top_p` while a model reasons.
"""

from __future__ import annotations

import re
from typing import Literal

from attrs import field, frozen

__all__ = ["EFFORTS", "Reasoner", "reasoner_of"]

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every effort, from the least."""

_BASIC = ("low", "medium", "high")
_WIDE = ("none", "low", "medium", "high", "xhigh")


def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text)


@frozen
class Reasoner:
    """Models whose ids fit one pattern.

    Attributes:
        pattern: What the whole id looks like, without vendor prefixes.
        efforts: What they can be asked for, from the least; nothing where they do not reason.
        unasked: The effort without a word about it.
        evidence: How well that is known.
    """

    pattern: re.Pattern[str] = field(converter=_compiled)
    efforts: tuple[str, ...]
    unasked: str
    evidence: Literal["recorded", "documented", "hearsay"]


# The first that fits counts.
_TABLE: tuple[Reasoner, ...] = (
    Reasoner(r"gpt-5(\.\d+)?-chat.*", (), "none", "hearsay"),
    Reasoner(r"gpt-5-pro.*", ("high",), "high", "documented"),
    Reasoner(r"gpt-5\.\d+-pro.*", ("medium", "high", "xhigh"), "medium", "hearsay"),
    Reasoner(r"gpt-5-codex.*", _BASIC, "medium", "documented"),
    Reasoner(r"gpt-5\.1-codex-max.*", (*_BASIC, "xhigh"), "medium", "documented"),
    Reasoner(r"gpt-5\.1-codex.*", _BASIC, "medium", "hearsay"),
    Reasoner(r"gpt-5\.\d+-codex.*", (*_BASIC, "xhigh"), "medium", "hearsay"),
    Reasoner(r"gpt-5\.1.*", ("none", *_BASIC), "none", "documented"),
    Reasoner(r"gpt-5\.[234]([^\d].*)?", _WIDE, "none", "recorded"),
    Reasoner(r"gpt-5\.\d+.*", _WIDE, "medium", "recorded"),
    Reasoner(r"gpt-5.*", ("minimal", *_BASIC), "medium", "documented"),
    Reasoner(r"(o\d|codex-mini|gpt-oss).*", _BASIC, "medium", "documented"),
    Reasoner(r"(gpt-4|gpt-3|chatgpt).*", (), "none", "documented"),
)

_PREFIXES = re.compile(r"^(?:.*/)?(?:(?:[a-z]{2}\.)?openai\.)?(?:ft:)?")


def reasoner_of(model_id: str) -> Reasoner | None:
    """The row of a model, or `None` where nothing is known about it."""
    name = _PREFIXES.sub("", model_id.lower())
    return next((row for row in _TABLE if row.pattern.fullmatch(name)), None)
