"""The difference between two requests, and the recording that is nearest to a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from modelwire_cache.store import Recording

__all__ = ["Difference", "differences", "nearest", "request_document"]

_ORDER = ("kind", "model", "system", "tools", "options", "messages", "texts")
"""The parts of a request, those first whose change explains most."""

_LONGEST = 70
_BEFORE = 20
_ABSENT = object()


@frozen
class Difference:
    """A place at which two requests differ.

    Attributes:
        path: The place, e.g. `messages[2].content[0]`; of a text of several lines, `[n]` is a line.
        asked: The value in the new request, for display.
        recorded: What the recorded one has there.
    """

    path: str
    asked: str
    recorded: str

    def __str__(self) -> str:
        return f"{self.path} is {self.asked}, and was {self.recorded} when it was recorded"


def request_document(kind: str, model: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """A request as one document, to be compared with others."""
    return {"kind": kind, "model": model, **content}


def differences(requested: Mapping[str, Any], recorded: Mapping[str, Any]) -> list[Difference]:
    """Where two requests differ, in the order of the request's parts."""
    names = [name for name in _ORDER if name in requested or name in recorded]
    return [
        difference
        for name in names
        for difference in _differences(name, _part(requested, name), _part(recorded, name))
    ]


def nearest(
    requested: Mapping[str, Any], recordings: Iterable[Recording]
) -> tuple[Recording, list[Difference]] | None:
    """The recording whose request differs at the fewest places, and these; `None` without any.

    Args:
        requested: The request, as `request_document` makes it.
        recordings: The recordings to choose from. Of several that are equally near the first is taken.
    """
    best: tuple[Recording, list[Difference]] | None = None
    for recording in recordings:
        document = request_document(recording.kind, recording.model, recording.request)
        found = differences(requested, document)
        if best is None or len(found) < len(best[1]):
            best = recording, found
    return best


def _part(document: Mapping[str, Any], name: str) -> Any:
    """A part of a request; where there are no options, each of them is absent."""
    return document.get(name, {} if name == "options" else _ABSENT)


def _differences(path: str, requested: Any, recorded: Any) -> Iterator[Difference]:
    if isinstance(requested, dict) and isinstance(recorded, dict):
        for key in [*requested, *(key for key in recorded if key not in requested)]:
            place = f"{path}.{key}" if key.isidentifier() else f"{path}[{json.dumps(key)}]"
            yield from _differences(place, requested.get(key, _ABSENT), recorded.get(key, _ABSENT))
    elif isinstance(requested, list) and isinstance(recorded, list):
        for index in range(max(len(requested), len(recorded))):
            one = requested[index] if index < len(requested) else _ABSENT
            other = recorded[index] if index < len(recorded) else _ABSENT
            yield from _differences(f"{path}[{index}]", one, other)
    elif requested != recorded or isinstance(requested, bool) != isinstance(recorded, bool):
        yield Difference(path, *_excerpts(requested, recorded))


def _excerpts(requested: Any, recorded: Any) -> tuple[str, str]:
    """Two values in short; of long texts the part around the first character that differs."""
    if isinstance(requested, str) and isinstance(recorded, str):
        pairs = zip(requested, recorded, strict=False)
        same = next(
            (at for at, (one, other) in enumerate(pairs) if one != other),
            min(len(requested), len(recorded)),
        )
        begin = max(0, same - _BEFORE) if max(len(requested), len(recorded)) > _LONGEST else 0
        return _text(requested, begin), _text(recorded, begin)
    return _short(requested), _short(recorded)


def _text(text: str, begin: int) -> str:
    end = begin + _LONGEST
    cut = f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"
    return json.dumps(cut, ensure_ascii=False)


def _short(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
