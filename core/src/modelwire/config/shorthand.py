"""Shorthand values: `model: "a/b"` for `{primary: "a/b"}`, an id for a model.

Both ways of addressing the inner value work, however it is written; the short form is kept as
long as it can hold the new value.
"""

from __future__ import annotations

from modelwire.document import Path, read_value, set_value

__all__ = ["expand_shorthands", "short_path", "shorthand_key"]

_ANY = None
_SHORTHANDS: dict[tuple[str | None, ...], str] = {
    ("agents", "defaults", "model"): "primary",
    ("agents", "list", _ANY, "model"): "primary",
    ("agents", "entries", _ANY, "model"): "primary",
    ("models", "providers", _ANY, "models", _ANY): "id",
}


def shorthand_key(path: Path) -> str | None:
    """Return the key that a text at this path is short for, or `None` where it is plain text."""
    for pattern, key in _SHORTHANDS.items():
        if len(pattern) == len(path) and all(
            part is _ANY or part == step for part, step in zip(pattern, path, strict=True)
        ):
            return key
    return None


def short_path(text: str, path: Path) -> Path:
    """The actual path of a value: its parent's path, if the parent is written as a text.

    Raises:
        ConfigError: The text is not JSON5.
    """
    parent = path[:-1]
    if path and shorthand_key(parent) == path[-1] and isinstance(read_value(text, parent), str):
        return parent
    return path


def expand_shorthands(text: str, path: Path) -> str:
    """Write out every short form that a path leads through, so that more can be set beside it.

    Raises:
        ConfigError: The text is not JSON5.
    """
    for depth in range(1, len(path)):
        key = shorthand_key(path[:depth])
        if key and isinstance(short := read_value(text, path[:depth]), str):
            text = set_value(text, path[:depth], {key: short})
    return text
