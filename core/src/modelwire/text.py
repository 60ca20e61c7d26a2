"""Text: surrogates, which UTF-8 cannot encode, similar names, and representations of objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "REPLACEMENT",
    "has_surrogates",
    "join_surrogates",
    "near_matches",
    "replace_surrogates",
    "short_repr",
    "split_half",
    "without_surrogates",
]

REPLACEMENT = "\ufffd"
"""The replacement character, used for an unpaired surrogate."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def has_surrogates(text: str) -> bool:
    """Whether a text holds surrogates, which cannot be encoded as UTF-8."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def join_surrogates(text: str) -> str:
    """Join surrogate pairs, which JSON escapes separately for characters above U+FFFF."""
    if not has_surrogates(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def without_surrogates(text: str) -> str:
    """Join surrogate pairs, and remove lone surrogates."""
    if not has_surrogates(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def replace_surrogates(text: str) -> str:
    """Join surrogate pairs, and replace lone surrogates by U+FFFD."""
    if not has_surrogates(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def split_half(text: str) -> tuple[str, str]:
    """A text in whole characters, and the surrogate at its end whose pair may still come."""
    if not has_surrogates(text):
        return text, ""
    waits = "\ud800" <= text[-1] <= "\udbff"
    return replace_surrogates(text[:-1] if waits else text), text[-1] if waits else ""


_WRONG, _DOUBTFUL = 0.65, 0.8
"""The least similarity of near names: twice the letters in common, over all letters."""


def near_matches(
    name: str, known: Iterable[str], *, most: int = 3, doubtful: bool = False
) -> list[str]:
    """The known names that may be meant by another one, the likeliest first.

    A known name is near if it contains the whole given name; these come first, the shortest before
    the others. Or it has about two thirds of the letters in common, in order. Where the given name
    may be right, only a name with four fifths in common is near. Case does not matter.

    Args:
        name: The given name.
        known: The known names, in any order.
        most: The maximum number of names to return.
        doubtful: Whether the name may be right, as a key that only a plugin knows.
    """
    from difflib import get_close_matches  # only what is misspelled needs it

    folded = name.casefold()
    by_fold = {each.casefold(): each for each in known}
    holding = [] if doubtful else sorted((f for f in by_fold if folded and folded in f), key=len)
    cutoff = _DOUBTFUL if doubtful else _WRONG
    similar = get_close_matches(folded, by_fold, n=most, cutoff=cutoff)
    return [by_fold[fold] for fold in dict.fromkeys([*holding, *similar])][:most]


def did_you_mean(names: Sequence[str]) -> str:
    """A question that suggests some names; several are on one line each."""
    if len(names) == 1:
        return f"Did you mean {names[0]}?"
    return "\n  ".join(["Did you mean one of these?", *names])


def short_repr(value: Any) -> str:
    """Represent an attrs object without the attributes that have their default values.

    It is the `__repr__` of classes with many attributes, most of which usually have their defaults.
    """
    from attrs import Factory, fields

    shown = []
    for each in fields(type(value)):
        found = getattr(value, each.name)
        default = each.default
        if isinstance(default, Factory):  # type: ignore[arg-type] # attrs types it as a function
            default = default.factory(value) if default.takes_self else default.factory()
        if each.repr and found != default:
            show = each.repr if callable(each.repr) else repr
            shown.append(f"{each.name}={show(found)}")
    return f"{type(value).__name__}({', '.join(shown)})"
