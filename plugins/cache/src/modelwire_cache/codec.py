"""The codec of recorded answers: deltas and errors as readable, comparable JSON.

Pieces of one text that came one after another are written as one text, with the length of each and
the second at which it came.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate, pairwise
from struct import pack, unpack
from typing import Any, cast

from attrs import evolve
from cattrs import Converter
from cattrs.preconf.json import make_converter
from cattrs.strategies import configure_tagged_union

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ProviderError,
    RequestTimeout,
)
from modelwire.events import (
    ArgumentsDelta,
    Delta,
    ResponseInfo,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
)
from modelwire.hookspecs import EmbeddingBatch
from modelwire.messages import Usage
from modelwire_cache.display import joined_lines, split_lines

__all__ = [
    "TimedDelta",
    "error_from_json",
    "error_to_json",
    "from_json",
    "is_of_the_account",
    "to_json",
    "vectors_from_json",
    "vectors_to_json",
]

TimedDelta = tuple[float, Delta]
"""A delta, and the seconds after the request at which it came."""

_END_OF_TIME = 253_402_300_800.0
"""The first second after the year 9999."""

_TEXTS: Mapping[type[Delta], str] = {
    TextDelta: "text",
    ThinkingDelta: "text",
    SignatureDelta: "signature",
    ArgumentsDelta: "fragment",
}
"""The deltas that are pieces of a text, and the attribute with the piece."""

_FIELDS = {
    "status": "status",
    "hint": "hint",
    "retry_after": "retryAfter",
    "phase": "phase",
    "text_index": "textIndex",
}
"""Attributes of errors that are recorded, and their keys, beside the message."""


def to_json(deltas: Iterable[TimedDelta], change: Callable[[str], str]) -> list[dict[str, Any]]:
    """Deltas as JSON data.

    Args:
        deltas: The deltas, in order. The id of the request is left out: it names one call.
        change: Applied to the texts, such as to hide secrets in them.
    """
    entries: list[dict[str, Any]] = []
    run: list[TimedDelta] = []
    for at, delta in deltas:
        if run and not _continues(run[-1][1], delta):
            entries.append(_text_entry(run, change))
            run = []
        if type(delta) in _TEXTS:
            run.append((at, delta))
        else:
            entries.append({"at": round(at, 4), **_entry(delta)})
    if run:
        entries.append(_text_entry(run, change))
    return entries


def from_json(
    entries: Iterable[Mapping[str, Any]], change: Callable[[str], str]
) -> Iterator[TimedDelta]:
    """Read deltas; where a text was edited by hand, it is cut in as many pieces as before.

    Args:
        entries: The result of `to_json`.
        change: Applied to the texts before they are cut.

    Raises:
        ValueError, LookupError, TypeError, ExceptionGroup: The data has another form.
    """
    for entry in entries:
        if "pieces" not in entry:
            yield _time(entry["at"]), _delta(entry)
            continue
        pieces = [piece.partition("@") for piece in entry["pieces"].split()]
        first: Any = _delta({**entry, **dict.fromkeys(_TEXTS.values(), "")})
        make: Callable[[int, str], Delta] = type(first)
        text = change(joined_lines(entry[_TEXTS[type(first)]]))
        parts = _cut(text, [int(length) for length, _, _ in pieces])
        for (_, _, at), part in zip(pieces, parts, strict=True):
            yield _time(at), make(first.index, part)


def error_to_json(error: ProviderError, change: Callable[[str], str]) -> dict[str, Any]:
    """The recorded form of a failure."""
    values = {key: getattr(error, name, None) for name, key in _FIELDS.items()}
    known = {key: value for key, value in values.items() if value is not None}
    if error.hint is not None:
        known["hint"] = change(error.hint)
    message = change(str(error))
    return {"code": error.code, "message": message, "retryable": error.retryable, **known}


def error_from_json(data: Mapping[str, Any], model: str) -> ProviderError:
    """The failure that was recorded.

    Args:
        data: The result of `error_to_json`.
        model: The model that failed, as `provider/model-id`.

    Raises:
        ValueError, LookupError, TypeError: The data has another form.
    """
    provider, _, name = model.partition("/")
    kind = _error_kinds().get(data["code"], ProviderError)
    error = kind(
        str(data["message"]),
        provider=provider,
        model=name,
        status=None if data.get("status") is None else int(data["status"]),
        retry_after=None if data.get("retryAfter") is None else float(data["retryAfter"]),
        retryable=bool(data["retryable"]),
        hint=data.get("hint"),
    )
    if isinstance(error, RequestTimeout):
        error.phase = data.get("phase")
    if data.get("textIndex") is not None:
        error.text_index = int(data["textIndex"])
    return error


def vectors_to_json(batch: EmbeddingBatch) -> dict[str, Any]:
    """Embeddings as JSON data: each vector as 32-bit floats, least significant byte first, in Base64."""
    data: dict[str, Any] = {
        "vectors": [
            b64encode(pack(f"<{len(vector)}f", *vector)).decode() for vector in batch.vectors
        ]
    }
    return data if batch.usage is None else {**data, "usage": _converter().unstructure(batch.usage)}


def vectors_from_json(data: Any) -> EmbeddingBatch:
    """Read the result of `vectors_to_json`.

    Raises:
        ValueError, LookupError, TypeError, ExceptionGroup: The data has another form.
    """
    raw = [b64decode(text, validate=True) for text in data["vectors"]]
    if not all(raw) or any(len(one) % 4 for one in raw):
        msg = "A vector is not of 32-bit floats."
        raise ValueError(msg)
    usage = None if data.get("usage") is None else _converter().structure(data["usage"], Usage)
    return EmbeddingBatch([unpack(f"<{len(one) // 4}f", one) for one in raw], usage)


def is_of_the_account(error: ProviderError) -> bool:
    """Whether a failure is about credentials, rights or money, and not about the request."""
    return isinstance(error, AuthenticationError | AccessDenied | BillingError)


def _continues(last: Delta, delta: Delta) -> bool:
    return type(last) is type(delta) and getattr(last, "index", 0) == getattr(delta, "index", 1)


def _text_entry(run: Sequence[TimedDelta], change: Callable[[str], str]) -> dict[str, Any]:
    delta = run[0][1]
    name = _TEXTS[type(delta)]
    texts = [getattr(piece, name) for _, piece in run]
    whole = "".join(texts)
    changed = change(whole)
    lengths = [len(text) for text in texts]
    if changed != whole:
        lengths = [len(part) for part in _cut(changed, lengths)]
    pieces = " ".join(
        f"{length}@{round(at, 4):g}" for length, (at, _) in zip(lengths, run, strict=True)
    )
    return {**_entry(delta), name: split_lines(changed), "pieces": pieces}


def _cut(text: str, lengths: Sequence[int]) -> list[str]:
    """Cut a text in pieces of these lengths; in proportion to them where the text has another."""
    total = sum(lengths)
    if min(lengths) < 0 or (not total and text):
        msg = "The lengths of the pieces are wrong."
        raise ValueError(msg)
    ends = [end if total == len(text) else end * len(text) // total for end in accumulate(lengths)]
    return [text[begin:end] for begin, end in pairwise([0, *ends])]


def _time(at: Any) -> float:
    seconds = float(at)
    if not 0 <= seconds < _END_OF_TIME:
        msg = "The time is wrong."
        raise ValueError(msg)
    return seconds


def _entry(delta: Delta) -> dict[str, Any]:
    if isinstance(delta, ResponseInfo):
        delta = evolve(delta, request_id=None)
    entry: dict[str, Any] = _converter().unstructure(delta, Delta)
    return entry


def _delta(entry: Mapping[str, Any]) -> Delta:
    return _converter().structure(entry, cast("type[Delta]", Delta))


@cache
def _converter() -> Converter:
    converter = make_converter()
    configure_tagged_union(Delta, converter, tag_name="delta")
    return converter


@cache
def _error_kinds() -> Mapping[str, type[ProviderError]]:
    kinds, found = [ProviderError], dict[str, type[ProviderError]]()
    for kind in kinds:
        if kind.__module__.partition(".")[0] == "modelwire":
            found.setdefault(kind.code, kind)
        kinds += kind.__subclasses__()
    return found
