"""Patches: data merged into a document.

Like `editing`, text in and text out, with comments and all other bytes unchanged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from modelwire.config.shorthand import expand_shorthands, short_path, shorthand_key
from modelwire.document import (
    Path,
    check_key,
    read_value,
    replace_values,
    set_value,
    unset_value,
    value_at,
)

__all__ = [
    "apply_patch",
    "check_keys",
    "lost_entries",
    "merge_value",
    "patched_paths",
    "put_value",
    "remove_value",
]

_ANY = None
_PROTECTED: tuple[tuple[str | None, ...], ...] = (
    ("agents", "defaults", "models"),
    ("agents", "entries"),
    ("agents", "list"),
    ("auth", "profiles"),
    ("models", "providers"),
    ("models", "providers", _ANY),
    ("models", "providers", _ANY, "models"),
    ("plugins", "entries"),
)


def put_value(text: str, path: Path, value: Any) -> str:
    """Set a value; a shorthand is kept where it can hold the value.

    Raises:
        ConfigError: As for `set_value`.
    """
    path = short_path(text, path)
    return set_value(expand_shorthands(text, path), path, value)


def remove_value(text: str, path: Path) -> str:
    """Remove a value; where there is none, the text is not changed.

    Raises:
        ConfigError: As for `unset_value`.
    """
    return unset_value(text, short_path(text, path))


def merge_value(text: str, path: Path, value: Any) -> str:
    """Merge a value into the existing one at a path.

    Objects merge key by key; the models of a provider merge by id; everything else is replaced.

    Raises:
        ConfigError: As for `set_value`.
    """
    return put_value(text, path, _merged(read_value(text, path), value, path))


def apply_patch(
    text: str, patch: Mapping[str, Any], *, replace: Collection[Path] = (), path: Path = ()
) -> str:
    """Apply a patch: objects merge, lists and scalars replace, `null` removes (RFC 7396).

    Args:
        text: A JSON5 document.
        patch: The patch.
        replace: Paths at which an object replaces the old one instead of merging.
        path: The path in the document to apply the patch at.

    Raises:
        ConfigError: As for `set_value`.
    """
    if not path:
        # Most of a patch are often new values of what is there; they are written at once.
        text = replace_values(text, _leaves(patch))
    for key, value in patch.items():
        place = (*path, key)
        if value is None:
            text = remove_value(text, place)
            continue
        current = read_value(text, place)
        if isinstance(value, Mapping) and isinstance(current, str) and shorthand_key(place):
            current = {shorthand_key(place): current}
            text = set_value(text, place, current)
        if isinstance(value, Mapping) and isinstance(current, Mapping) and place not in replace:
            text = apply_patch(text, value, replace=replace, path=place)
        else:
            text = put_value(text, place, _without_nulls(value))
    return text


def patched_paths(patch: Mapping[str, Any], path: Path = ()) -> list[Path]:
    """List the paths of the single values, lists and empty objects of a patch."""
    paths: list[Path] = []
    for key, value in patch.items():
        inner = patched_paths(value, (*path, key)) if isinstance(value, Mapping) else []
        paths += inner or [(*path, key)]
    return paths


def _leaves(patch: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The single values and lists of a patch, with their paths."""
    for key, value in patch.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, key))
        elif value is not None:
            yield (*path, key), _without_nulls(value)


def lost_entries(before: Any, after: Any) -> list[Path]:
    """Find the protected maps and lists that have lost entries, with the path of each entry."""
    lost: list[Path] = []
    for pattern in _PROTECTED:
        for path, old in _matching(before, pattern, ()):
            if not any(path[: len(around)] == around for around in lost):
                kept = set(_entries(value_at(after, path)))
                lost += [(*path, entry) for entry in _entries(old) if entry not in kept]
    return lost


def check_keys(value: Any) -> None:
    """Refuse data with keys that must not be changed.

    Raises:
        ConfigError: There is such a key.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_key(key)
            check_keys(item)
    elif isinstance(value, list):
        for item in value:
            check_keys(item)


def _merged(old: Any, new: Any, path: Path) -> Any:
    key = shorthand_key(path)
    if key and isinstance(old, str) and isinstance(new, Mapping):
        old = {key: old}
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        joined = dict(old)
        for name, item in new.items():
            joined[name] = _merged(old.get(name), item, (*path, name))
        return joined
    if isinstance(old, list) and isinstance(new, list) and shorthand_key((*path, 0)) == "id":
        return _merged_models(old, new, path)
    return new


def _merged_models(old: list[Any], new: list[Any], path: Path) -> list[Any]:
    joined = list(old)
    places = {_model_id(model): at for at, model in enumerate(old)}
    for model in new:
        at = places.get(_model_id(model))
        if at is None:
            places[_model_id(model)] = len(joined)
            joined.append(model)
        elif not isinstance(model, str):
            joined[at] = _merged(joined[at], model, (*path, at))
    return joined


def _model_id(model: Any) -> str:
    name = model.get("id") if isinstance(model, Mapping) else model
    return name.strip() if isinstance(name, str) else repr(name)


def _matching(value: Any, pattern: tuple[str | None, ...], path: Path) -> list[tuple[Path, Any]]:
    if len(path) == len(pattern):
        return [(path, value)] if isinstance(value, Mapping | list) else []
    if not isinstance(value, Mapping):
        return []
    step = pattern[len(path)]
    names = list(value) if step is _ANY else [step] if step in value else []
    return [found for name in names for found in _matching(value[name], pattern, (*path, name))]


def _entries(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return list(value)
    return [_model_id(item) for item in value] if isinstance(value, list) else []


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_nulls(item) for key, item in value.items() if item is not None}
