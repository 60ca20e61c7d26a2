"""The discovery cache: lists of models that providers returned, kept on disk.

One small JSON file per provider, region and identity. A file is written whole and then moved into
place, so that a reader in another process sees the old list or the new one, never a mix. The
cache is a convenience: where it cannot be read or written, it is as if it were empty.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from attrs import Attribute, Factory, asdict, field, fields, frozen

from modelwire.files import (
    belongs_to_another,
    locked,
    read_file,
    replace_file,
    user_path,
    warn_of_exposed_folder,
)
from modelwire.models import InputKind, Model, OutputKind, Prices

__all__ = [
    "INCOMPLETE_INTERVAL",
    "CachedList",
    "DiscoveryCache",
    "cache_key",
    "default_cache_directory",
    "from_stored",
    "listed_names",
    "to_stored",
]

_PLAIN: dict[str, type] = {
    **dict.fromkeys(("provider", "id", "name", "api", "base_url"), str),
    **dict.fromkeys(("reasoning", "tools", "local"), bool),
    **dict.fromkeys(("context_window", "context_tokens", "max_tokens"), int),
    **dict.fromkeys(("params", "extra"), dict),
}
_PRICES = tuple(field.name for field in fields(Prices))
_KINDS = {"input": frozenset(get_args(InputKind)), "output": frozenset(get_args(OutputKind))}


def to_stored(model: Model) -> dict[str, Any]:
    """Write a model without its headers, since they may hold secrets."""
    return asdict(model, filter=_is_kept)


def from_stored(data: Any) -> Model:
    """Read a model.

    Raises:
        TypeError: The data does not have the form of a written model.
    """
    if type(data) is not dict:
        raise TypeError(data)
    found = {
        name: _checked(data[name], kind)
        for name, kind in _PLAIN.items()
        if data.get(name) is not None
    }
    for name in _KINDS.keys() & data.keys():
        found[name] = _texts(data[name])
        if not _KINDS[name].issuperset(found[name]):
            raise TypeError(data)
    if "prices" in data:
        prices = _checked(data["prices"], dict)
        found["prices"] = Prices(*(_price(prices.get(name)) for name in _PRICES))
    if "thinking_level_map" in data:
        levels = _checked(data["thinking_level_map"], dict)
        _texts([level for level in levels.values() if level is not None])
        found["thinking_level_map"] = levels
    if "sources" in data:
        found["sources"] = _texts(data["sources"])
    return Model(**found)


def _is_kept(attribute: Attribute[Any], value: object) -> bool:
    return attribute.name != "headers" and value is not None


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind:  # a bool is an int, too
        raise TypeError(value)
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_checked(text, str) for text in _checked(value, list))


def _price(value: Any) -> float | None:
    if value is None or type(value) is int:
        return value
    number: float = _checked(value, float)
    return number


_FORMAT = 3

INCOMPLETE_INTERVAL = 300
"""The maximum number of seconds for which an incomplete list counts as fresh."""


def _by_id(kept: CachedList) -> Mapping[str, Model]:
    return {model.id: model for model in reversed(kept.models)}


def _by_base(kept: CachedList) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for model in kept.models:
        base = model.extra.get("baseModel")
        if isinstance(base, str) and base != model.id:
            found.setdefault(base, []).append(model.id)
    return found


@frozen
class CachedList:
    """A list of models and when it was fetched.

    Attributes:
        models: The models.
        fetched_at: Seconds since 1970.
        incomplete: Why models may be missing, one sentence for each reason.
        by_id: The models by their ids.
        by_base: The ids under which a model is listed that others name as their `baseModel`.
    """

    models: tuple[Model, ...]
    fetched_at: float
    incomplete: tuple[str, ...] = ()
    by_id: Mapping[str, Model] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(_by_id, takes_self=True),
    )
    by_base: Mapping[str, list[str]] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(_by_base, takes_self=True),
    )

    def is_fresh(self, now: float, refresh_interval: int) -> bool:
        """Whether it is younger than `refresh_interval` seconds; a list from the future is not.

        For an incomplete list the interval is `INCOMPLETE_INTERVAL`, if that is less.
        """
        if self.incomplete:
            refresh_interval = min(refresh_interval, INCOMPLETE_INTERVAL)
        return 0 <= now - self.fetched_at < refresh_interval


def cache_key(provider: str, *parts: object) -> str:
    """Name a list by its source and its request; the parts are only hashed."""
    text = json.dumps([provider, *parts], sort_keys=True, default=str)
    plain = "".join(c if c.isalnum() or c in "-_" else "_" for c in provider)[:40]
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


class DiscoveryCache:
    """The cached lists in one folder.

    A folder that others can write to causes an `UnsafeFolderWarning`, and files of other users in
    it are ignored.

    Args:
        directory: The folder; it is created when it is first needed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._parsed: dict[str, tuple[tuple[int, int, int], CachedList | None]] = {}
        self._paths: dict[str, str] = {}
        self._checked = False

    def read(self, key: str) -> CachedList | None:
        """The list under a key, however old, or `None` where there is none or it is damaged.

        A file is parsed when it is first read and after it has changed.
        """
        path = self._paths.get(key) or self._paths.setdefault(key, str(self._path(key)))
        try:
            status = os.stat(path)  # noqa: PTH116 - each request asks
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if key not in self._parsed or self._parsed[key][0] != stamp:
                self._check_folder()
                self._parsed[key] = (stamp, _read(Path(path)))
        except OSError:
            return None
        return self._parsed[key][1]

    def write(
        self, key: str, models: Iterable[Model], fetched_at: float, incomplete: Iterable[str] = ()
    ) -> None:
        """Store a list, unless a newer one is stored already."""
        try:
            data = {
                "format": _FORMAT,
                "fetchedAt": fetched_at,
                "models": [to_stored(model) for model in models],
                "incomplete": list(incomplete),
            }
            text = json.dumps(data)
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_folder()
            with locked(self._path(key)):
                current = self.read(key)
                if current is None or current.fetched_at <= fetched_at:
                    replace_file(self._path(key), text.encode())
        except (OSError, TypeError, ValueError, RecursionError):
            return  # what a plugin gave may be no JSON data, or the disk may be full

    def _check_folder(self) -> None:
        if not self._checked:
            self._checked = True
            warn_of_exposed_folder(self._directory)

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.json"


def listed_names(directory: Path) -> Iterator[tuple[str, str]]:
    """The provider and id of every model in the lists of a folder, however old they are.

    Only the names are read, so that a shell can complete them at every key press.
    """
    for path in sorted(directory.glob("*.json")):
        try:
            models = json.loads(read_file(path, "model list").raw)["models"]
            names = [(model["provider"], model["id"]) for model in models]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
        yield from (pair for pair in names if all(isinstance(name, str) for name in pair))


def default_cache_directory(environ: Mapping[str, str]) -> Path:
    """`$MODELWIRE_CACHE_DIR`, or `models` in modelwire's folder in the user's cache."""
    named = environ.get("MODELWIRE_CACHE_DIR", "").strip()
    if named:
        return user_path(named) / "models"
    from platformdirs import user_cache_path

    return user_cache_path("modelwire", appauthor=False) / "models"


def _read(path: Path) -> CachedList | None:
    """Read a list, unless another user wrote it: it could redirect requests to another host."""
    content = read_file(path, "model list")
    return None if belongs_to_another(content.status) else _parse(content.raw)


def _parse(raw: bytes) -> CachedList | None:
    try:
        data = json.loads(raw)
        if data["format"] != _FORMAT:
            return None
        models, fetched_at = data["models"], data["fetchedAt"]
        if not (isinstance(models, list) and isinstance(fetched_at, int | float)):
            return None
        incomplete = _texts(data.get("incomplete", []))
        return CachedList(tuple(map(from_stored, models)), fetched_at, incomplete)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
