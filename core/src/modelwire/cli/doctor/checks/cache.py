"""The check of the discovery cache."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

from modelwire.catalog.cache import CachedList, DiscoveryCache, default_cache_directory
from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding
from modelwire.cli.text import counted

__all__ = ["check_cache"]

_NAME = "cache"
_OLD = 7 * 24 * 3600
"""Seconds after which a list says little about what there is; most are renewed after an hour."""


async def check_cache(situation: DoctorContext) -> list[Finding]:
    """Look at every list, and whether new ones can be written."""
    folder = default_cache_directory(situation.config.environ)
    return await asyncio.to_thread(lambda: list(_examine(folder, time.time())))


def _examine(folder: Path, now: float) -> Iterator[Finding]:
    standing = next(path for path in (folder, *folder.parents) if path.exists())
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        text = f"Lists of models cannot be kept: {standing} is not a folder that can be written to."
        hint = "Correct its permissions, or name another folder in MODELWIRE_CACHE_DIR."
        yield Finding(_NAME, "warning", text, hint, {"folder": str(folder)})
        return
    lists, damaged, size = _lists(folder)
    old = [name for name, kept in lists.items() if now - kept.fetched_at > _OLD]
    future = [name for name, kept in lists.items() if kept.fetched_at - now > _OLD]
    details = {"folder": str(folder), "lists": len(lists), "bytes": size, "old": len(old)}
    if not lists and not damaged:
        yield Finding(
            _NAME, "ok", f"No lists of models are kept in {folder} so far.", details=details
        )
        return
    count = sum(len(kept.models) for kept in lists.values())
    ages = f", {len(old)} of them older than a week" if old else ""
    lines = f"{counted(len(lists), 'list')} of {counted(count, 'model')}{ages}"
    lines += f" ({_kilobytes(size)}) in {folder}"
    yield Finding(_NAME, "ok", lines, details=details)
    hint = "They are fetched again when they are needed: modelwire models list --refresh"
    if damaged:
        text = f"{counted(len(damaged), 'list')} cannot be read: {', '.join(damaged[:3])}"
        yield Finding(_NAME, "warning", text, hint, {"damaged": damaged})
    if future:
        text = f"{counted(len(future), 'list')} from the future; was the clock wrong?"
        yield Finding(_NAME, "warning", text, hint, {"future": future})


def _lists(folder: Path) -> tuple[dict[str, CachedList], list[str], int]:
    cache = DiscoveryCache(folder)
    lists: dict[str, CachedList] = {}
    damaged: list[str] = []
    size = 0
    for path in sorted(folder.glob("*.json")):
        kept = cache.read(path.stem)
        if kept is None:
            damaged.append(path.name)
        else:
            lists[path.stem] = kept
        size += path.stat().st_size
    return lists, damaged, size


def _kilobytes(size: int) -> str:
    return f"{max(1, round(size / 1000))} kB" if size else "0 kB"
