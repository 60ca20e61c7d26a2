"""What providers said about their models, kept on disk.

One small JSON file per provider, region and identity. A file is written whole and then moved into
place, so that a reader in another process sees the old list or the new one and nothing between. The
cache is a convenience: where it cannot be read or written, it is as if it were empty.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from modelwire.models import Model
from modelwire.structuring import Converter, make_converter

__all__ = ["CachedList", "DiscoveryCache", "cache_key"]

_FORMAT = 1


@frozen
class CachedList:
    """A list of models and when it was fetched.

    Attributes:
        models: The models.
        fetched_at: Seconds since 1970.
    """

    models: tuple[Model, ...]
    fetched_at: float

    def is_fresh(self, now: float, refresh_interval: int) -> bool:
        """Whether it is younger than `refresh_interval` seconds. A list from the future is not."""
        return 0 <= now - self.fetched_at < refresh_interval


def cache_key(provider: str, *parts: object) -> str:
    """Name a list by whom it came from and what was asked for; the parts are only hashed."""
    text = json.dumps([provider, *parts], sort_keys=True, default=str)
    plain = "".join(c if c.isalnum() or c in "-_" else "_" for c in provider)[:40]
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


class DiscoveryCache:
    """The lists that are kept in one folder.

    Args:
        directory: The folder; it is made when it is first needed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, key: str) -> CachedList | None:
        """The list under a key, however old, or `None` where there is none or it is damaged."""
        try:
            data = json.loads(self._path(key).read_bytes())
            if data["format"] != _FORMAT:
                return None
            return _converter().structure(
                {"models": data["models"], "fetchedAt": data["fetchedAt"]}, CachedList
            )
        except (OSError, ValueError, LookupError, TypeError, RecursionError, ExceptionGroup):
            return None

    def write(self, key: str, models: Iterable[Model], fetched_at: float) -> None:
        """Keep a list, unless a newer one is there already."""
        kept = CachedList(tuple(evolve(model, headers={}) for model in models), fetched_at)
        text = json.dumps({"format": _FORMAT, **_converter().unstructure(kept)})
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock(key):
                current = self.read(key)
                if current is None or current.fetched_at <= fetched_at:
                    self._replace(self._path(key), text)
        except (OSError, TimeoutError):
            return

    def _lock(self, key: str) -> Any:
        from filelock import FileLock

        return FileLock(self._directory / f"{key}.lock", timeout=5)

    def _replace(self, path: Path, text: str) -> None:
        import tempfile

        handle, name = tempfile.mkstemp(dir=self._directory, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.json"


@cache
def _converter() -> Converter:
    return make_converter()
