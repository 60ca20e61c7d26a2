"""The level of reasoning in a Converse request, from Claude's own fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelwire.dialects import Fields, level_of_budget
from modelwire.models import ReasoningLevel

__all__ = ["read_reasoning"]

_EFFORTS: Final[Mapping[str, ReasoningLevel]] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}


def read_reasoning(fields: Fields) -> ReasoningLevel | None:
    """How much to think, by `thinking` and the effort of `output_config`.

    Raises:
        BadRequest: They are not as Claude has them.
    """
    thinking, config = fields.object("thinking"), fields.object("output_config")
    effort = None if config is None else config.one_of("effort", _EFFORTS)
    match None if thinking is None else thinking.need_text("type"):
        case None:
            return None
        case "disabled":
            return "off"
        case "enabled" if thinking is not None:
            return effort or level_of_budget(thinking.count("budget_tokens") or 0)
        case "adaptive":
            return effort or "high"
        case _:
            raise fields.error("thinking.type", "one of enabled, adaptive, disabled")
