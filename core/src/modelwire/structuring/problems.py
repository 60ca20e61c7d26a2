"""Problems: the errors of a converter, as a list of paths and sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from cattrs import BaseValidationError
from cattrs.errors import AttributeValidationNote, IterableValidationNote

from modelwire.errors import Problem
from modelwire.structuring.errors import ValueMistake
from modelwire.structuring.keys import key_of

__all__ = ["mistakes_in", "problems_of"]


def problems_of(error: BaseException, root: Sequence[str | int] = ()) -> list[Problem]:
    """Flatten the errors of a converter into problems, in the order of the schema."""
    return [Problem(_render(path), str(mistake)) for path, mistake in mistakes_in(error, root)]


def mistakes_in(
    error: BaseException, root: Sequence[str | int] = ()
) -> Iterator[tuple[tuple[str | int, ...], ValueMistake]]:
    """Flatten the errors of a converter into paths, as keys and indexes, and mistakes."""
    path = tuple(root)
    if not isinstance(error, BaseValidationError):
        yield path, _as_mistake(error)
        return
    for child in error.exceptions:
        yield from mistakes_in(child, path + _step(child, error.cl))


def _step(error: BaseException, parent: Any) -> tuple[str | int, ...]:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return (key_of(attrs.fields_dict(parent)[note.name]),)
        if isinstance(note, IterableValidationNote):
            return (note.index,)
    return ()


def _as_mistake(error: BaseException) -> ValueMistake:
    if isinstance(error, ValueMistake):
        return error
    if isinstance(error, KeyError):
        return ValueMistake(f"missing the key {json.dumps(str(error.args[0]))}")
    return ValueMistake(str(error) or type(error).__name__)


def _render(path: Sequence[str | int]) -> str:
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("-", "").replace("_", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text
