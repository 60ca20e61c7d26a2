"""The response store: one file per answer, one JSON line for the request and one per delta."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from attrs import frozen
from cattrs import Converter
from cattrs.preconf.json import make_converter
from cattrs.strategies import configure_tagged_union

from modelwire.events import Delta
from modelwire.files import (
    SIZE_LIMITS,
    open_file,
    read_file,
    replace_unlocked,
    warn_of_exposed_folder,
)
from modelwire_cache.fingerprint import CacheRequest

__all__ = ["CachedResponse", "DamagedAnswer", "ResponseStore", "Timed"]

_FORMAT = 1
_END_OF_TIME = 253_402_300_800.0
"""The first second after the year 9999, which no date can say."""

_DAMAGED = (ValueError, LookupError, TypeError, OverflowError, RecursionError, ExceptionGroup)
"""What reading a file raises that is no kept answer."""

Timed = tuple[float, Delta]
"""A delta, and the seconds after the request at which it came."""


class DamagedAnswer(Exception):
    """A file is not a kept answer."""


@frozen
class CachedResponse:
    """An answer in the folder.

    Attributes:
        path: Its file.
        model: The model that gave it, as `provider/model-id`.
        asked: What it was asked, as `CacheRequest.asked`.
        kept_at: Seconds since 1970.
        deltas: What it said, with the time of each; empty where only the head was read.
    """

    path: Path
    model: str
    asked: dict[str, Any]
    kept_at: float
    deltas: tuple[Timed, ...] = ()


class ResponseStore:
    """The answers of one folder.

    A file is written whole and then moved into place, so no reader sees half of one. A folder to
    which others can write gives an `UnsafeFolderWarning`.

    Args:
        directory: The folder; it is made when it is first needed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._checked = False

    def path(self, request: CacheRequest) -> Path:
        """Where the answer to a request lies, or would lie."""
        return self._directory / f"{request.key}.jsonl"

    def read(self, request: CacheRequest) -> CachedResponse | None:
        """The answer to a request, or `None` where none is kept.

        Raises:
            DamagedAnswer: The file is not a kept answer.
            OSError: It cannot be read, is no regular file, or is too large.
        """
        path = self.path(request)
        try:
            raw = read_file(path, "recording").raw
        except FileNotFoundError:
            return None
        self._check_folder()
        return _parse(path, raw.removesuffix(b"\n").split(b"\n"))

    def write(self, request: CacheRequest, deltas: Sequence[Timed]) -> None:
        """Keep an answer, in place of an older one. Only the user may read the file.

        Raises:
            OSError: It cannot be written.
        """
        head = {
            "format": _FORMAT,
            "model": request.model,
            "keptAt": round(time.time(), 3),
            "asked": request.asked,
        }
        lines = [head]
        for seconds, delta in deltas:
            lines.append({"at": round(seconds, 4), **_converter().unstructure(delta, Delta)})
        text = "".join(json.dumps(line, ensure_ascii=False, default=repr) + "\n" for line in lines)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_folder()
        replace_unlocked(self.path(request), text.encode("utf-8", "surrogatepass"))

    def listing(self) -> Iterator[CachedResponse]:
        """What is kept, newest first, without what was said; damaged files are left out."""
        self._check_folder()
        found = []
        for path in self._directory.glob("*.jsonl"):
            try:
                with open_file(path) as file:
                    found.append(_parse(path, [file.readline(SIZE_LIMITS["recording"])]))
            except (OSError, DamagedAnswer):
                continue
        return iter(sorted(found, key=lambda kept: kept.kept_at, reverse=True))

    def _check_folder(self) -> None:
        if not self._checked:
            self._checked = True
            warn_of_exposed_folder(self._directory)


def _parse(path: Path, lines: Sequence[bytes]) -> CachedResponse:
    try:
        head, *said = [json.loads(line) for line in lines]
        kept_at = float(head["keptAt"])
        if head["format"] != _FORMAT or not 0 <= kept_at < _END_OF_TIME:
            raise DamagedAnswer
        read = _converter().structure
        kind = cast("type[Delta]", Delta)
        deltas = tuple((float(line["at"]), read(line, kind)) for line in said)
        if not all(0 <= at < _END_OF_TIME for at, _ in deltas):
            raise DamagedAnswer
        return CachedResponse(path, str(head["model"]), dict(head["asked"]), kept_at, deltas)
    except _DAMAGED as error:
        raise DamagedAnswer from error


@cache
def _converter() -> Converter:
    converter = make_converter()
    configure_tagged_union(Delta, converter, tag_name="delta")
    return converter
