"""Resolution of a typed path into steps of a document.

The ids of models have dots in them, and a dot separates steps. Where steps between dots, taken
together, are a key of the document or a known model, they are one step; brackets and quotes are
needed only for a model that is not known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from modelwire.config.schema import ModelEntry
from modelwire.document import Path, Step, format_path, split_path, value_at
from modelwire.errors import ConfigError
from modelwire.structuring import keys_of

__all__ = ["locate"]

_REFERENCES: Path = ("agents", "defaults", "models")


def locate(text: str, document: Any, references: Callable[[], Collection[str]]) -> Path:
    """Resolve a path in a document.

    Args:
        text: The path.
        document: The document as plain data.
        references: Returns the known models, as `provider/model-id`. Called only when needed.

    Raises:
        ConfigError: The text is not a path, or has an unquoted model id that is not known.
    """
    steps, dotted = split_path(text)
    path: list[Step] = []
    at = 0
    while at < len(steps):
        end = at + 1
        known = document if isinstance(document, Mapping) else {}
        if dotted[at] and steps[at] not in known:
            run = _end_of_run(dotted, at)
            joined = _joined(steps, at, run, known)
            if joined is None and tuple(path) == _REFERENCES and run > end:
                joined = _joined(steps, at, run, references())
                if joined is None:
                    _check_entry(steps, at, run)
            end = joined or end
        step = steps[at] if end == at + 1 else ".".join(map(str, steps[at:end]))
        path.append(step)
        document = value_at(document, (step,))
        at = end
    return tuple(path)


def _end_of_run(dotted: tuple[bool, ...], start: int) -> int:
    return next((at for at in range(start, len(dotted)) if not dotted[at]), len(dotted))


def _joined(steps: Path, start: int, run: int, names: Collection[str]) -> int | None:
    """The end of the longest known name that begins at `start`."""
    for end in range(run, start, -1):
        if ".".join(map(str, steps[start:end])) in names:
            return end
    return None


def _check_entry(steps: Path, start: int, run: int) -> None:
    """Refuse a key of a model's settings that is probably a part of the model's id."""
    keys = keys_of(ModelEntry)
    if steps[start + 1] in keys:
        return
    end = next((at for at in range(run - 1, start, -1) if steps[at] in keys), run)
    name = ".".join(map(str, steps[start:end]))
    quoted = format_path((*steps[:start], name, *steps[end:]))
    msg = f'"{name}" is not a known model, so its dots could separate keys.'
    raise ConfigError(msg, hint=f"Put the model in quotes: '{quoted}'")
