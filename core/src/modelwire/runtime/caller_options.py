"""Options as callers give them, checked before a model is looked for.

A mistake of the caller is reported in the caller's terms. It is never a plugin's bug, and no other
model is asked for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

from attrs import evolve, fields

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CacheRetention, CompletionOptions, ToolChoice
from modelwire.models import ModelRef, ReasoningLevel
from modelwire.structuring import TOO_DEEP, is_deep
from modelwire.text import near_matches
from modelwire.transport import Deadlines

__all__ = ["check_call", "check_plugins", "check_settings", "options_of"]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any, most: float = math.inf) -> bool:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    return fits and math.isfinite(value) and 0 <= value <= most


def _are_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(text, str) and text for text in value)


def _is_choice(value: Any) -> bool:
    if not isinstance(value, ToolChoice) or value.mode not in ("auto", "none", "any", "tool"):
        return False
    return value.mode != "tool" or (isinstance(value.name, str) and bool(value.name))


def _are_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(text, str) for key, text in value.items()
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _are_settings(value: Any) -> bool:
    return _is_object(value) and all(_is_object(settings) for settings in value.values())


def _one_of(words: Iterable[str]) -> tuple[Callable[[Any], bool], str]:
    known = tuple(words)
    return lambda value: isinstance(value, str) and value in known, f"one of {', '.join(known)}"


_OPTIONAL: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "max_tokens": (_is_count, "a whole number above 0"),
    "temperature": (_is_number, "a number of 0 or more"),
    "top_p": (lambda value: _is_number(value, 1), "a number from 0 to 1"),
    "reasoning": _one_of(get_args(ReasoningLevel)),
    "tool_choice": (_is_choice, '"auto", "none", "any", the name of a tool, or a ToolChoice'),
    "cache_retention": _one_of(get_args(CacheRetention)),
    "session_id": (lambda value: isinstance(value, str), "a string"),
    "response_schema": (_is_object, "a JSON Schema as a dict, or a class"),
}
_NEEDED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "stop": (_are_texts, "a string that is not empty, or several"),
    "metadata": (_are_labels, "a dict of strings"),
    "params": (_is_object, "a dict with strings as keys"),
    "plugins": (_are_settings, "a dict of dicts, by the names of plugins"),
    "deadlines": (lambda value: isinstance(value, Deadlines), "a Deadlines"),
}


def options_of(options: CompletionOptions | None, changes: Mapping[str, Any]) -> CompletionOptions:
    """Put together the options of a call, and check them.

    Args:
        options: Options as an object.
        changes: Single options, by their names; they win.

    Raises:
        InvalidRequest: An option has another name, type or range, or is nested too deep; it is named.
    """
    if options is not None and not isinstance(options, CompletionOptions):
        raise _wrong("options", "a CompletionOptions", options)
    names = [each.name for each in fields(CompletionOptions)]
    for name in changes:
        if name not in names:
            near = near_matches(name, names, most=1)
            msg = f"There is no option {name!r}."
            hint = f"Did you mean {near[0]}?" if near else f"The options are {', '.join(names)}."
            raise InvalidRequest(msg, retryable=False, hint=hint)
    stop = changes.get("stop", ())
    if not isinstance(stop, str | Iterable) or isinstance(stop, bytes):
        raise _wrong("options.stop", _NEEDED["stop"][1], stop)
    merged = evolve(options or CompletionOptions(), **changes)
    for name in ("params", "plugins", "metadata", "response_schema"):
        if is_deep(getattr(merged, name)):
            msg = f"options.{name} is {TOO_DEEP}."
            raise InvalidRequest(msg, retryable=False)
    for name, (fits, due) in (*_OPTIONAL.items(), *_NEEDED.items()):
        value = getattr(merged, name)
        if not fits(value) and (value is not None or name in _NEEDED):
            raise _wrong(f"options.{name}", due, value)
    return merged


def check_call(
    model: object = None,
    fallbacks: object = None,
    system: object = None,
    keep_text: object = True,
) -> None:
    """Check the arguments of a call that are not options.

    Raises:
        InvalidRequest: One has another type; it is named.
    """
    due = "a string or a ModelRef"
    if not isinstance(model, str | ModelRef | None):
        raise _wrong("model", due, model)
    if fallbacks is not None:
        if isinstance(fallbacks, str | bytes) or not isinstance(fallbacks, Sequence):
            raise _wrong("fallbacks", f"a list, each {due}", fallbacks)
        for index, ref in enumerate(fallbacks):
            if not isinstance(ref, str | ModelRef):
                raise _wrong(f"fallbacks[{index}]", due, ref)
    if not isinstance(system, str | None):
        raise _wrong("system", "a string", system)
    if not isinstance(keep_text, bool):
        raise _wrong("keep_text", "True or False", keep_text)


def check_plugins(options: CompletionOptions, known: Iterable[str]) -> None:
    """Check the names of the plugins that a call has settings for.

    Args:
        options: The options of the call.
        known: The names of the installed plugins that settings may be for.

    Raises:
        InvalidRequest: One is nearly, but not quite, the name of an installed plugin.
    """
    names = list(known)
    for name in options.plugins:
        near = near_matches(name, names, most=1, doubtful=True) if name not in names else []
        if near:
            msg = f"options.plugins has settings for {name!r}, which is not installed."
            raise InvalidRequest(msg, retryable=False, hint=f"Did you mean {near[0]}?")


def check_settings(settings: Mapping[str, Any], max_turns: object) -> None:
    """Check the arguments of a tool loop or an agent, which ask a model later.

    Args:
        settings: The keyword arguments of `Runtime.stream`.
        max_turns: The most answers to ask for.

    Raises:
        InvalidRequest: One has another name, type or range; it is named.
    """
    changes = dict(settings)
    names = ("model", "fallbacks", "system", "keep_text")
    check_call(**{name: changes.pop(name) for name in names if name in changes})
    options_of(changes.pop("options", None), changes)
    if not _is_count(max_turns):
        raise _wrong("max_turns", "a whole number above 0", max_turns)


def _wrong(name: str, due: str, value: object) -> InvalidRequest:
    shown = (
        repr(value) if isinstance(value, int | float) else f"an object of {type(value).__name__}"
    )
    if isinstance(value, str):
        shown = repr(value[:40])
    return InvalidRequest(f"{name} must be {due}, not {shown}.", retryable=False)
