"""Backups of the configuration file, made before a write that removes something.

A write changes the shape of a document where a non-empty object or list is removed, or
where a value changes between kinds: text or number, list, object. So `model: "a/b"`
turned into `{primary: ...}` changes it, and so does a section that is dropped. A write is large
where fewer than half of the single values are unchanged. Before both the old file is
kept as `modelwire.json5.bak`; the four before it are `.bak.1` to `.bak.4`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelwire.config.file import replace_config, unwritable

__all__ = ["KEPT", "keep_backup", "needs_backup"]

KEPT = 5
"""The number of backups."""

# Half of less than this is a single setting or two, which the new value shows well enough.
_MANY = 8


def needs_backup(before: Any, after: Any) -> bool:
    """Whether to back up the file before its data `before` becomes `after`."""
    return _changes_shape(before, after) or _is_large(before, after)


def keep_backup(target: Path, raw: bytes) -> Path:
    """Write the content of a file beside it, and return the path. The caller holds the lock.

    Raises:
        ConfigError: It cannot be written.
    """
    names = [target.with_name(f"{target.name}.bak")]
    names += [target.with_name(f"{target.name}.bak.{number}") for number in range(1, KEPT)]
    try:
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)
    except OSError as error:
        raise unwritable(names[0], error) from error
    replace_config(names[0], raw)
    return names[0]


def _changes_shape(before: Any, after: Any) -> bool:
    if _kind(before) is not _kind(after):
        return bool(before) or before == 0
    gone = object()
    for step, item in _items(before):
        new = _child(after, step, gone)
        if new is gone:
            if _kind(item) is not None and item:
                return True
        elif item is not None and new is not None and _changes_shape(item, new):
            return True
    return False


def _is_large(before: Any, after: Any) -> bool:
    old = dict(_leaves(before, ()))
    new = dict(_leaves(after, ()))
    lost = sum(1 for path, value in old.items() if path not in new or new[path] != value)
    return len(old) >= _MANY and lost * 2 > len(old)


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if _kind(value) is None:
        yield path, value
    for step, item in _items(value):
        yield from _leaves(item, (*path, step))


def _items(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _child(value: Any, step: Any, default: Any) -> Any:
    if isinstance(value, dict):
        return value.get(step, default)
    return value[step] if step < len(value) else default


def _kind(value: Any) -> type | None:
    return type(value) if isinstance(value, dict | list) else None
