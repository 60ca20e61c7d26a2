"""The limit on the tokens of an answer: whose it is, and what is sent of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from attrs import evolve

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.models import Model
from modelwire.repair import Changes
from modelwire_bedrock.converse.options import Params
from modelwire_bedrock.converse.thinking import ThinkingPlan
from modelwire_bedrock.models.families import Family
from modelwire_bedrock.models.limits import limits_of

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig

__all__ = ["chosen_limit", "configured_limit", "with_default_limit"]

_AUTO = "auto"
_ROOM = 8_192
"""Tokens left for the answer itself beside a thinking budget, in the default limit."""


def configured_limit(provider: ProviderConfig, model_id: str) -> int | Literal["auto"] | None:
    """The limit that the configuration gives a model, by its entry or for all of its provider."""
    entry = next((entry for entry in provider.models if entry.id == model_id), None)
    return (entry.max_tokens if entry is not None else None) or provider.max_tokens


def chosen_limit(
    options: CompletionOptions,
    known_by: str,
    configured: int | Literal["auto"] | None,
    params: Params,
    changes: Changes,
) -> tuple[CompletionOptions, bool]:
    """The options with the configured limit, and whether the service's own limit is to be used.

    Args:
        options: The options of the call, whose limit counts first.
        known_by: The id of the model, or of that behind a profile.
        configured: The limit that the configuration gives the model; `auto` leaves it to the service.
        params: May hold `maxTokens`, likewise.
        changes: Where it is recorded that a limit was lowered.

    Raises:
        InvalidRequest: The parameter `maxTokens` is neither `auto` nor a number of tokens.
    """
    path, given = params.take("maxTokens", "max_tokens")
    auto = given == _AUTO
    if given is not None and not auto and (isinstance(given, bool) or not isinstance(given, int)):
        msg = f"{path} must be a number of tokens, or auto; it is {given!r}."
        raise InvalidRequest(msg)
    chosen = next((n for n in (options.max_tokens, given, configured) if n is not None), None)
    if not isinstance(chosen, int):
        return options, chosen == _AUTO
    most = limits_of(known_by).max_tokens
    if most is not None and chosen > most:
        changes.rewritten(
            "options.max_tokens", f"An answer of {known_by} has {most} tokens at most."
        )
        chosen = most
    return evolve(options, max_tokens=chosen), False


def with_default_limit(
    thinking: ThinkingPlan, model: Model, family: Family, known_by: str, *, unlimited: bool
) -> tuple[ThinkingPlan, str | None]:
    """The plan with the default limit, and the note for an answer that reaches it.

    Where another limit is set, so that it is not `unlimited`, the plan is not changed.

    The service ends an answer of Claude at 4,096 tokens where a request says nothing. What is sent is
    reserved of the quota, so it is not all that the model can do.
    """
    if not unlimited:
        return thinking, None
    sent = _default_limit(thinking, model, family, known_by)
    what = "The service's own limit held" if sent is None else f"The limit was {sent} tokens"
    note = f"{what}, since none is configured. Set max_tokens, or maxTokens in the configuration."
    return thinking.limited_to(sent), note


def _default_limit(
    thinking: ThinkingPlan, model: Model, family: Family, known_by: str
) -> int | None:
    if family.answer_tokens is None:
        return None
    most = limits_of(known_by).max_tokens or model.max_tokens
    if most is None or "maxTokens" in model.extra.get("assumedLimits", ()):
        most = family.answer_tokens
    return min(most, max(family.answer_tokens, _budget(thinking.fields) + _ROOM))


def _budget(fields: Mapping[str, object]) -> int:
    thinking = fields.get("thinking")
    budget = thinking.get("budget_tokens", 0) if isinstance(thinking, Mapping) else 0
    return budget if isinstance(budget, int) else 0
