"""The settings that an untrusted configuration file may make, as an allow list by path.

A file that is merely in the working directory may have come with a cloned repository. Before the
user approves it, it may choose among the models of providers that the user has, name them, and shape
a request to them by sampling parameters. Everything else is left out of the document before anything
is read from it. Settings that are not in the table, including keys of plugins, are left out.

Why the table is so short:

- `env` and `${VAR}` run commands, by way of `AWS_CONFIG_FILE`, and carry keys to other hosts.
- `models` says where requests go, which key goes with them and which files are read.
- `plugins` switches plugins on and off and sets folders from which answers are read.
- Most parameters are copied to the body of a request. `tools` of a service can name a server,
  `store` keeps the conversation, `region`, `profile`, `organization` and `project` choose an account,
  `extra_body` can hold any of these. So each allowed parameter is listed.
- A reference to a model has a plain shape. A resource name such as an ARN is not allowed: it
  chooses an account and a region besides the model. Neither is an alias with a slash: it could put
  another model in place of the one that the user names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from attrs import Factory, define, frozen

from modelwire.config.environment import has_placeholder
from modelwire.document.paths import Path, Step, format_path

__all__ = ["SAFE_SETTINGS", "SafePart", "safe_part"]

_Pattern: TypeAlias = tuple[Step | Callable[[Step], bool], ...]
_Check: TypeAlias = Callable[[Any], bool]

_REFERENCE = re.compile(
    r"""
    [A-Za-z0-9_@][\w.@+~-]*             # a provider, or a name that needs none
    (?: / [A-Za-z0-9_@][\w.@+~-]* )*    # the model's id, whose parts never begin with a dot
    (?: : [\w.-]+ ){0,2}                # a version or variant, as `:0` and `:0:48k`
    """,
    re.VERBOSE | re.ASCII,
)
_WILDCARD = "/*"
_ALIAS = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_WORD = re.compile(r"[A-Za-z][\w-]{0,31}", re.ASCII)
_LONGEST = 256
"""The maximum length of a reference or a text."""


def _is_reference(value: object) -> bool:
    return _is_short_text(value) and _REFERENCE.fullmatch(str(value)) is not None


def _is_entry(step: Step) -> bool:
    return isinstance(step, str) and _is_reference(step.removesuffix(_WILDCARD))


def _is_alias(value: object) -> bool:
    return isinstance(value, str) and _ALIAS.fullmatch(value) is not None


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_short_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and not has_placeholder(value)


def _is_index(step: Step) -> bool:
    return isinstance(step, int)


_PARAMETERS: Final[Mapping[_Pattern, _Check]] = {
    **{
        (name,): _is_number
        for name in (
            "maxTokens", "temperature", "topP", "topK", "top_k", "minP", "min_p", "seed",
            "frequencyPenalty", "frequency_penalty", "presencePenalty", "presence_penalty",
            "repeatPenalty", "repeat_penalty",
        )
    },
    **{
        (name,): _is_word
        for name in (
            "thinking", "thinkingDisplay", "thinking_display", "reasoningEffort",
            "reasoning_effort", "textVerbosity", "verbosity",
        )
    },
    ("interleavedThinking",): _is_flag,
    ("parallelToolCalls",): _is_flag,
    ("parallel_tool_calls",): _is_flag,
    ("stop",): _is_short_text,
    ("stop", _is_index): _is_short_text,
    ("thinkingBudgets", _is_word): _is_number,
}  # fmt: skip
"""Request parameters that shape an answer and can neither redirect a request nor store data."""

_CHOICE: Final[Mapping[_Pattern, _Check]] = {
    (): _is_reference,
    ("primary",): _is_reference,
    ("fallbacks", _is_index): _is_reference,
}

_DEFAULTS: Final[_Pattern] = ("agents", "defaults")


def _below(home: _Pattern, settings: Mapping[_Pattern, _Check]) -> dict[_Pattern, _Check]:
    return {(*home, *path): check for path, check in settings.items()}


SAFE_SETTINGS: Final[Mapping[_Pattern, _Check]] = {
    ("$schema",): _is_short_text,
    **_below((*_DEFAULTS, "model"), _CHOICE),
    (*_DEFAULTS, "models", _is_entry, "alias"): _is_alias,
    **_below((*_DEFAULTS, "models", _is_entry, "params"), _PARAMETERS),
    **_below((*_DEFAULTS, "params"), _PARAMETERS),
    (*_DEFAULTS, "timeoutSeconds"): _is_number,
    (*_DEFAULTS, "firstEventSeconds"): _is_number,
    (*_DEFAULTS, "thinkingDefault"): _is_word,
    **_below(("agents", "entries", _is_word, "model"), _CHOICE),
    **_below(("agents", "list", _is_index, "model"), _CHOICE),
    ("agents", "list", _is_index, "id"): _is_word,
    ("logs", "enabled"): lambda value: value is False,
}
"""The settings, each with a check of its value. A step is a key, or a test of a key or an index.
Objects and lists around a setting are kept; a setting that is not here, or has another value, is
left out."""


@frozen
class SafePart:
    """The safe part of an untrusted document.

    Attributes:
        document: The document without everything else.
        left_out: The paths of the settings that are not in it, in the order of the document.
    """

    document: Any
    left_out: tuple[Path, ...] = ()

    def names(self) -> list[str]:
        """The paths that were left out, as text."""
        return [format_path(path) for path in self.left_out]


def safe_part(document: Any) -> SafePart:
    """Find the safe part of an untrusted document.

    Args:
        document: The document as plain data, as written: variables are not replaced.
    """
    if not isinstance(document, Mapping):
        return SafePart(document)  # the loader reports the error
    sieve = _Sieve()
    kept = sieve.keep(document, (), list(SAFE_SETTINGS.items()))
    return SafePart({} if kept is _NOTHING else kept, tuple(sieve.left_out))


_NOTHING = object()
_Rules: TypeAlias = list[tuple[_Pattern, _Check]]


@define
class _Sieve:
    left_out: list[Path] = Factory(list)

    def keep(self, value: Any, path: Path, rules: _Rules) -> Any:
        """Copy the part of a value that the rules allow; `_NOTHING` where there is none.

        Args:
            value: The value.
            path: Its path.
            rules: The rules that can apply to it or inside it, without the steps that lead here.
        """
        if any(not pattern and check(value) for pattern, check in rules):
            return value
        inside = _Inside.of(rules)
        if isinstance(value, Mapping) and inside:
            items = [(key, self._step(item, path, key, inside)) for key, item in value.items()]
            kept = {key: item for key, item in items if item is not _NOTHING}
            return kept if kept or not value or _is_named(path) else _NOTHING
        if isinstance(value, list) and inside:
            found = [self._step(item, path, at, inside) for at, item in enumerate(value)]
            return [item for item in found if item is not _NOTHING]
        self.left_out += _leaves(value, path)
        return _NOTHING

    def _step(self, value: Any, path: Path, step: Step, inside: _Inside) -> Any:
        return self.keep(value, (*path, step), inside.after(step))


@define
class _Inside:
    """The rules for the content of an object or a list, by their first step.

    A document may have many thousand keys, so keys are not tested against each rule.
    """

    named: dict[Step, _Rules] = Factory(dict)
    tested: list[tuple[Callable[[Step], bool], tuple[_Pattern, _Check]]] = Factory(list)

    @classmethod
    def of(cls, rules: _Rules) -> _Inside:
        inside = cls()
        for pattern, check in rules:
            if not pattern:
                continue
            first, rule = pattern[0], (pattern[1:], check)
            if callable(first):
                inside.tested.append((first, rule))
            else:
                inside.named.setdefault(first, []).append(rule)
        return inside

    def __bool__(self) -> bool:
        return bool(self.named or self.tested)

    def after(self, step: Step) -> _Rules:
        """The rules that apply after a step, without it."""
        fitting = [rule for fits, rule in self.tested if fits(step)]
        return [*self.named.get(step, ()), *fitting]


def _is_named(path: Path) -> bool:
    """Whether a key of an object has a meaning without a value: a model to be listed."""
    return path[:-1] == (*_DEFAULTS, "models")


def _leaves(value: Any, path: Path) -> Iterator[Path]:
    """The paths of the single values and the lists in a value; empty ones are ignored."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif value is not None and value != []:
        yield path
