"""Unknown keyword arguments: the error that names the right one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from modelwire.text import near_matches

__all__ = ["unknown_keyword"]

_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "instructions": ("system",),
    "max_completion_tokens": ("max_tokens",),
    "max_output_tokens": ("max_tokens",),
    "message_history": ("messages",),
    "messages": ("messages", "prompt"),
    "output": ("response_schema",),
    "output_type": ("output", "response_schema"),
    "reasoning_effort": ("reasoning",),
    "request_timeout": ("deadlines=Deadlines(total=...)",),
    "response_format": ("output", "response_schema"),
    "response_model": ("output", "response_schema"),
    "stop_sequences": ("stop",),
    "structured_output_model": ("output", "response_schema"),
    "system_prompt": ("system",),
    "thinking": ("reasoning",),
    "timeout": ("deadlines=Deadlines(total=...)",),
}
"""Argument names of other libraries and their equivalents here; the first one accepted is used."""

_OF_SERVICES = {"frequency_penalty", "logit_bias", "n", "presence_penalty", "seed", "top_k", "user"}
"""Request parameters of services that have no option of their own."""

_CONFIGURED = {"api_base", "api_key", "base_url", "region", "region_name"}
"""Settings of a provider, which a call does not take."""


def unknown_keyword(
    name: str, of: Callable[..., Any], elsewhere: Mapping[str, Callable[..., Any]] | None = None
) -> TypeError:
    """The error for an unknown keyword argument, with a suggestion.

    Args:
        name: The argument.
        of: The function; its signature names its arguments.
        elsewhere: Other functions that may have the argument, by their display names.
    """
    known = [each for each in inspect.signature(of).parameters if each != "self"]
    hint = _meant(name, known, elsewhere or {})
    return TypeError(f"Unexpected keyword argument {name!r}{hint}")


def _meant(name: str, known: list[str], elsewhere: Mapping[str, Callable[..., Any]]) -> str:
    for called, function in elsewhere.items():
        if name in inspect.signature(function).parameters:
            return f"; it is an argument of {called}."
    if name in _OF_SERVICES and "params" in known:
        return f"; for a parameter of the service, write params={{{name!r}: ...}}."
    if name in _CONFIGURED:
        return "; it belongs to the configuration, under models.providers."
    for other in _OTHER_NAMES.get(name, ()):
        if other.partition("=")[0] in known:
            return f"; did you mean {other}?"
    near = near_matches(name, known, most=1) if len(name) > 2 else []
    if near:
        return f"; did you mean {near[0]}?"
    return f". There are {', '.join(known)}."
