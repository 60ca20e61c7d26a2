"""Options as callers give them, checked before a model is looked for.

A mistake of the caller is reported in the caller's terms. It is never a plugin's bug, and no other
model is tried for it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, get_args

from attrs import evolve, fields

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import (
    CacheRetention,
    CompletionOptions,
    EmbeddingInput,
    EmbeddingOptions,
    ToolChoice,
)
from modelwire.messages import Context, Tool
from modelwire.models import ModelRef, ReasoningLevel
from modelwire.runtime.options import NO_OPTIONS
from modelwire.structuring import TOO_DEEP, is_deep, not_json
from modelwire.text import has_surrogates, near_matches
from modelwire.tools import FunctionTool
from modelwire.transport import Deadlines

__all__ = [
    "check_call",
    "check_choice",
    "check_conversation",
    "check_count",
    "check_plugins",
    "check_settings",
    "check_texts",
    "check_type",
    "embedding_options_of",
    "options_of",
]

_O = TypeVar("_O", CompletionOptions, EmbeddingOptions)

_TOO_MANY = 2**63
"""The nesting limit of JSON options, above what services read."""


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _TOO_MANY


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


Rules: TypeAlias = Mapping[str, tuple[Callable[[Any], bool], str]]
"""For each option, a check and a description of valid values."""

_OPTIONAL: Rules = {
    "max_tokens": (_is_count, "a whole number above 0"),
    "temperature": (_is_number, "a number of 0 or more"),
    "top_p": (lambda value: _is_number(value, 1), "a number from 0 to 1"),
    "reasoning": _one_of(get_args(ReasoningLevel)),
    "tool_choice": (_is_choice, '"auto", "none", "any", the name of a tool, or a ToolChoice'),
    "cache_retention": _one_of(get_args(CacheRetention)),
    "session_id": (lambda value: isinstance(value, str), "a string"),
    "response_schema": (_is_object, "a JSON Schema as a dict, or a class"),
}
_NEEDED: Rules = {
    "stop": (_are_texts, "a string that is not empty, or several"),
    "metadata": (_are_labels, "a dict of strings"),
    "params": (_is_object, "a dict with strings as keys"),
    "plugins": (_are_settings, "a dict of dicts, by the names of plugins"),
    "deadlines": (lambda value: isinstance(value, Deadlines), "a Deadlines"),
}


_ALL = {**_OPTIONAL, **_NEEDED}
_OF_EMBEDDINGS: Rules = {
    "dimensions": (_is_count, "a whole number above 0"),
    "input_type": _one_of(get_args(EmbeddingInput)),
    "normalize": (lambda value: isinstance(value, bool), "True or False"),
    **{name: _NEEDED[name] for name in ("params", "plugins", "deadlines")},
}


def _defaults(kind: type[Any]) -> _Defaults:
    names = tuple(each.name for each in fields(kind))
    values_of = attrgetter(*names)
    return names, values_of, values_of(kind())


_Defaults: TypeAlias = tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]], tuple[Any, ...]]
_DEFAULTS: Mapping[type, _Defaults] = {
    kind: _defaults(kind) for kind in (CompletionOptions, EmbeddingOptions)
}
"""The options of each class: their names, what gets their values, and their defaults."""
_NESTED = ("params", "plugins", "metadata", "response_schema")


def options_of(
    options: CompletionOptions | None,
    changes: Mapping[str, Any],
    call: Callable[..., Any],
    elsewhere: Mapping[str, Callable[..., Any]] | None = None,
) -> CompletionOptions:
    """Combine and check the options of a call.

    Args:
        options: Options as an object.
        changes: Single options by name; they take precedence.
        call: The function that was called.
        elsewhere: Other functions whose arguments may be given to it by mistake, by their names.

    Raises:
        TypeError: An option does not exist; the error names the nearest argument.
        InvalidRequest: An option has a wrong type or range, or is nested too deep; the error names
            it.
    """
    if options is NO_OPTIONS:
        options = None  # what is made of it must not share its dicts
    if options is None and not changes:
        return NO_OPTIONS
    if "stop" in changes:
        stop = changes["stop"]
        if not isinstance(stop, str | Iterable) or isinstance(stop, bytes):
            raise wrong("options.stop", _NEEDED["stop"][1], stop)
    return checked_options(CompletionOptions, options, changes, _ALL, call, elsewhere)


def checked_options(
    kind: type[_O],
    options: _O | None,
    changes: Mapping[str, Any],
    rules: Rules,
    call: Callable[..., Any],
    elsewhere: Mapping[str, Callable[..., Any]] | None = None,
) -> _O:
    """Combine and check options of one class; the arguments are those of `options_of`.

    Args:
        kind: The class of the options.
        options: Options as an object.
        changes: Single options by name; they take precedence.
        rules: For each option, a check and a description of valid values.
        call: The function that was called.
        elsewhere: Other functions whose arguments may be given to it by mistake, by their names.

    Raises:
        TypeError: An option does not exist; the error names the nearest argument.
        InvalidRequest: An option has a wrong type or range, or is too deeply nested; it is named.
    """
    if options is not None and not isinstance(options, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise wrong("options", f"{article} {kind.__name__}", options)
    for name in changes:
        if name not in rules:
            from modelwire.runtime.keywords import unknown_keyword

            raise unknown_keyword(name, call, elsewhere)
    if options is None:
        merged: _O = kind(**changes)
    else:
        merged = evolve(options, **changes) if changes else options
    # The defaults are what they should be.
    given: Collection[str] = changes if options is None else _given(kind, merged)
    for name in _NESTED:
        if name in given and is_deep(getattr(merged, name)):
            msg = f"options.{name} is {TOO_DEEP}."
            raise InvalidRequest(msg, retryable=False)
    for name in given:
        fits, due = rules[name]
        value = getattr(merged, name)
        if (value is not None or name in _NEEDED) and not fits(value):
            raise wrong(f"options.{name}", due, value)
    for name in ("params", "response_schema"):
        foreign = not_json(getattr(merged, name), f"options.{name}") if name in given else None
        if foreign is not None:
            raise wrong(foreign[0], "JSON", foreign[1])
    return merged


def _given(kind: type[Any], options: object) -> Collection[str]:
    """The names of the options that are not certainly their defaults."""
    names, values_of, defaults = _DEFAULTS[kind]
    return [
        name
        for name, value, default in zip(names, values_of(options), defaults, strict=True)
        if value is not default and (type(value) is not type(default) or value != default)
    ]


def embedding_options_of(
    options: EmbeddingOptions | None, changes: Mapping[str, Any], call: Callable[..., Any]
) -> EmbeddingOptions:
    """Combine and check the options of embeddings; the arguments are those of `options_of`.

    Raises:
        TypeError: An option does not exist; the error names the nearest argument.
        InvalidRequest: An option has a wrong type or range, or is too deeply nested; it is named.
    """
    return checked_options(EmbeddingOptions, options, changes, _OF_EMBEDDINGS, call)


def check_call(
    model: object = None,
    fallbacks: object = None,
    system: object = None,
    keep_text: object = True,
) -> None:
    """Check the arguments of a call that are not options.

    Raises:
        InvalidRequest: An argument has a wrong type; the error names it.
    """
    due = "a string or a ModelRef"
    if not isinstance(model, str | ModelRef | None):
        raise wrong("model", due, model)
    if fallbacks is not None:
        if isinstance(fallbacks, str | bytes) or not isinstance(fallbacks, Sequence):
            raise wrong("fallbacks", f"a list, each {due}", fallbacks)
        for index, ref in enumerate(fallbacks):
            check_type(f"fallbacks[{index}]", ref, (str, ModelRef), due)
    if not isinstance(system, str | None):
        raise wrong("system", "a string", system)
    if not isinstance(keep_text, bool):
        raise wrong("keep_text", "True or False", keep_text)


def check_plugins(options: CompletionOptions | EmbeddingOptions, known: Iterable[str]) -> None:
    """Check the names of the plugins that a call has settings for.

    Args:
        options: The options of the call.
        known: The names of the installed plugins that settings may be for.

    Raises:
        InvalidRequest: A name is a near miss of an installed plugin's name.
    """
    names = list(known)
    for name in options.plugins:
        near = near_matches(name, names, most=1, doubtful=True) if name not in names else []
        if near:
            msg = f"options.plugins has settings for {name!r}, which is not installed."
            raise InvalidRequest(msg, retryable=False, hint=f"Did you mean {near[0]}?")


def check_choice(options: CompletionOptions, tools: Iterable[Tool | FunctionTool]) -> None:
    """Check that the tool choice can be followed.

    Raises:
        InvalidRequest: It demands a call, and there is no tool, or none with that name.
    """
    choice = options.tool_choice
    if choice is None or choice.mode not in ("any", "tool"):
        return
    names = [tool.name for tool in tools]
    if not names:
        msg = f"options.tool_choice is {choice.name or choice.mode!r}, and there are no tools."
        raise InvalidRequest(msg, retryable=False, hint="Give tools, or leave the choice out.")
    if choice.mode == "tool" and choice.name not in names:
        msg = f"options.tool_choice is {choice.name!r}, and there is no such tool."
        near = near_matches(choice.name or "", names, most=1) or names
        hint = f'Choose {" or ".join(near)}, or "any" for a call of any tool.'
        raise InvalidRequest(msg, retryable=False, hint=hint)


def check_type(
    name: str, value: object, kinds: type | tuple[type, ...], due: str, hint: str | None = None
) -> None:
    """Check the type of an argument.

    Raises:
        InvalidRequest: The type is wrong.
    """
    if not isinstance(value, kinds):
        raise wrong(name, due, value, hint)


def check_conversation(messages: object, session: object) -> None:
    """Check the conversation that a run of an agent continues.

    Raises:
        InvalidRequest: It is not a conversation; the error names the argument.
    """
    if not isinstance(messages, Sequence | Context | None) or isinstance(messages, str | bytes):
        raise wrong("messages", "a list of messages, or a Context", messages)
    if isinstance(session, str | os.PathLike | None):
        return
    from modelwire.sessions import Session

    check_type("session", session, Session, "a Session, or the path of its file")


def check_settings(
    settings: Mapping[str, Any], max_turns: object, call: Callable[..., Any]
) -> CompletionOptions:
    """Check the arguments of a tool loop or an agent, which call a model later.

    Args:
        settings: The keyword arguments of `Runtime.stream`.
        max_turns: The maximum number of answers.
        call: The function that was called.

    Returns:
        The options.

    Raises:
        TypeError: An argument does not exist; the error names the nearest one.
        InvalidRequest: An argument has a wrong type or range; the error names it.
    """
    changes = dict(settings)
    names = ("model", "fallbacks", "system", "keep_text")
    check_call(**{name: changes.pop(name) for name in names if name in changes})
    check_count("max_turns", max_turns)
    return options_of(changes.pop("options", None), changes, call)


def check_count(name: str, value: object, *, optional: bool = False) -> None:
    """Check an argument that counts something.

    Raises:
        InvalidRequest: It is not a positive integer, nor `None` where that is allowed.
    """
    if not (_is_count(value) or (optional and value is None)):
        raise wrong(name, "a whole number above 0", value)


def check_texts(texts: str | Iterable[str]) -> tuple[str, ...]:
    """The texts to embed, as a tuple; a string is one text.

    Raises:
        InvalidRequest: They are not texts, or one is empty or not valid Unicode; the error names
            its place, such as `texts[3]`.
    """
    given: object = texts
    if isinstance(given, str):
        texts = (given,)
    elif isinstance(given, bytes | Mapping) or not isinstance(given, Iterable):
        raise wrong("texts", "a string or a list of strings", given)
    listed = tuple(texts)
    for index, text in enumerate(listed):
        place = f"texts[{index}]"
        if not isinstance(text, str):
            raise wrong(place, "a string", text, text_index=index)
        if not text:
            raise wrong(place, "a string that is not empty", text, text_index=index)
        if has_surrogates(text):
            msg = f"{place} has a lone surrogate, which is not valid Unicode."
            hint = "Decode it with errors='replace', or remove the surrogate."
            raise InvalidRequest(msg, retryable=False, hint=hint, text_index=index)
    return listed


def wrong(
    name: str,
    due: str,
    value: object,
    hint: str | None = None,
    *,
    text_index: int | None = None,
) -> InvalidRequest:
    """The error for an invalid value of an argument.

    Args:
        name: The argument.
        due: The valid values, in words.
        value: The value.
        hint: The remedy.
        text_index: Which of the texts to embed it is.
    """
    match value:
        case str():
            shown = repr(value[:40])
        case int() if abs(value) >= _TOO_MANY:
            shown = "so large a number"
        case int() | float() | None | ToolChoice():
            shown = repr(value)
        case _:
            shown = f"an object of {type(value).__name__}"
    msg = f"{name} must be {due}, not {shown}."
    return InvalidRequest(msg, retryable=False, hint=hint, text_index=text_index)
