"""Sampling parameters and stop sequences."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.models import Model
from modelwire.repair import Changes, clean_text
from modelwire_openai.compat import Compat
from modelwire_openai.models import openai_model

__all__ = ["sampling"]

_MOST_STOPS = 4


def sampling(
    model: Model, options: CompletionOptions, compat: Compat, changes: Changes, *, is_openai: bool
) -> dict[str, Any]:
    """Write limits and sampling.

    Raises:
        InvalidRequest: The answer may have no tokens.
    """
    fields: dict[str, Any] = {}
    if options.max_tokens is not None:
        if options.max_tokens < 1:
            msg = f"An answer needs at least one token; max_tokens is {options.max_tokens}."
            raise InvalidRequest(msg, provider=model.provider, model=model.id)
        fields[compat.max_tokens_field] = options.max_tokens
    known = openai_model(model.id) if is_openai else None
    # An empty text would end every answer before it begins.
    stops = [clean_text(text) for text in options.stop if text]
    if is_openai and len(stops) > _MOST_STOPS:
        changes.dropped(
            "options.stop", f"OpenAI takes {_MOST_STOPS} texts; the others are left out."
        )
        stops = stops[:_MOST_STOPS]
    requested = {"temperature": options.temperature, "top_p": options.top_p, "stop": stops or None}
    for name, value in requested.items():
        if value is None:
            continue
        if known is not None and not known.sampling:
            changes.dropped(f"options.{name}", "OpenAI's reasoning models refuse it.")
        else:
            fields[name] = value
    return fields
