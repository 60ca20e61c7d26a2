"""Echoes: secrets of a request that the service repeats, in plain text or in another form."""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Collection, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from modelwire.redaction.exceptions import chain
from modelwire.redaction.names import HIDDEN

__all__ = ["SentSecrets", "hide_sent", "redact", "redact_data", "redact_error"]

T = TypeVar("T")

_SHORTEST_TRANSFORMED = 12
"""The minimum length of secrets that are searched in other forms: a shorter one may be a word."""

_OWN_NAMES = frozenset({"model", "provider"})
"""Attributes of errors whose texts come from the caller, rather than from a service."""

# A text that was escaped is often escaped again with what is around it.
_ESCAPE = re.compile(r'%(?:25)*([0-9A-Fa-f]{2})|\\+u([0-9A-Fa-f]{4})|\\+(["/])')
_BASE64 = frozenset(string.ascii_letters + string.digits + "+/-_=")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_=-]+")
_URL_SAFE = str.maketrans("+/", "-_")


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace each of the secrets in a text by `<hidden>`.

    A secret of twelve characters and more is also found in upper and lower case, percent-encoded
    (RFC 3986 section 2.1), escaped as in JSON, and in Base64 (RFC 4648), by itself or after other
    characters, as in `Bearer KEY` and `user:KEY`. In pieces, reversed or encrypted it is not found.

    Args:
        text: A text of a service.
        secrets: The secrets; of two that overlap, the longer one should come first.
    """
    size = len(text)
    found = [secret for secret in secrets if len(secret) <= size]
    if not found:
        return text
    long = []
    for secret in found:
        if secret in text:
            text = text.replace(secret, HIDDEN)
        if _SHORTEST_TRANSFORMED <= len(secret) <= len(text):
            long.append(secret)
    if not long or _is_free_of(text, long):
        return text
    spans = sorted({*_escaped(text, long), *_encoded(text, long)})
    parts, at = [], 0
    for begin, end in spans:
        if begin >= at:
            parts += [text[at:begin], HIDDEN]
        at = max(at, end)
    return "".join([*parts, text[at:]]) if spans else text


def redact_data(value: Any, secrets: Collection[str]) -> Any:
    """Replace the secrets in JSON data: in its texts, and in the keys of its objects."""
    return _without(value, secrets, min(map(len, secrets), default=0))


def _without(value: Any, secrets: Collection[str], shortest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) < shortest else redact(value, secrets)
    if isinstance(value, list):
        return [_without(item, secrets, shortest) for item in value]
    if isinstance(value, dict):
        return {
            _without(key, secrets, shortest): _without(item, secrets, shortest)
            for key, item in value.items()
        }
    return value


def redact_error(error: BaseException, secrets: Collection[str]) -> None:
    """Replace the secrets in an error and its causes: in their messages and texts."""
    for one in chain(error) if secrets else ():
        if any(isinstance(part, str) for part in one.args):
            one.args = tuple(_redacted(part, secrets) for part in one.args)
        if (notes := getattr(one, "__notes__", None)) and isinstance(notes, list):
            notes[:] = [_redacted(note, secrets) for note in notes]
        attributes = vars(one)
        attributes |= {
            name: redact(value, secrets)
            for name, value in attributes.items()
            if isinstance(value, str) and name not in _OWN_NAMES
        }


def _redacted(value: object, secrets: Collection[str]) -> object:
    return redact(value, secrets) if isinstance(value, str) else value


def _is_free_of(text: str, secrets: Collection[str]) -> bool:
    """Whether a text holds no secret in another form; most are seen to be free at a glance."""
    if "%" in text or "\\" in text:
        return False
    plain = _folded(text)
    for secret in secrets:
        if _folded(secret) in plain:
            return False
    core = _core_length(min(secrets, key=len))
    return core > len(text) or core > max(map(len, _BASE64_RUN.findall(text)), default=0)


def _escaped(text: str, secrets: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The positions of escaped secrets and of those in another case, as start and end."""
    plain, places = _unescaped(text)
    for secret in secrets:
        wanted = _folded(secret)
        at = plain.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            yield (places[at], places[end]) if places else (at, end)
            at = plain.find(wanted, end)


def _unescaped(text: str) -> tuple[str, list[int]]:
    """The text without escapes, in lower case, and where each character begins in the text.

    The places are left out where there is no escape.
    """
    if "%" not in text and "\\" not in text:
        return _folded(text), []
    characters: list[str] = []
    places: list[int] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        characters += text[at : found.start()]
        places += range(at, found.start())
        code = found[1] or found[2]
        characters.append(chr(int(code, 16)) if code else found[3])
        places.append(found.start())
        at = found.end()
    characters += text[at:]
    places += range(at, len(text) + 1)
    return _folded("".join(characters)), places


def _folded(text: str) -> str:
    """The text in lower case, as far as every character keeps its position."""
    folded = text.lower()
    if len(folded) == len(text):
        return folded
    return "".join(char.lower() if char.isascii() else char for char in text)


def _encoded(text: str, secrets: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The positions of Base64 that holds secrets, as start and end."""
    longest = max(map(len, _BASE64_RUN.findall(text)), default=0)
    for secret in secrets:
        if _core_length(secret) > longest:
            continue
        for core in _base64_cores(secret.encode("utf-8", "surrogateescape")):
            at = text.find(core)
            while at >= 0:
                begin, end = at, at + len(core)
                while begin > 0 and text[begin - 1] in _BASE64:
                    begin -= 1
                while end < len(text) and text[end] in _BASE64:
                    end += 1
                yield begin, end
                at = text.find(core, end)


def _core_length(secret: str) -> int:
    """The fewest characters of Base64 in which a secret can be recognized; it may have more."""
    return (8 * len(secret) - 8) // 6


def _base64_cores(data: bytes) -> set[str]:
    """The Base64 that every text with these bytes contains, whatever surrounds them."""
    cores = set()
    for before in range(3):
        # The first and the last character may hold bits of the neighbours.
        bits = 8 * before
        text = base64.b64encode(bytes(before) + data).decode("ascii")
        core = text[-(-bits // 6) : (bits + 8 * len(data)) // 6]
        cores |= {core, core.translate(_URL_SAFE)}
    return cores


_PRESENT: ContextVar[SentSecrets | None] = ContextVar("modelwire_sent_secrets", default=None)


class SentSecrets:
    """The secrets of all requests that a plugin sends during one call.

        token = sent.begin()
        try:
            models = await owner.hooks.discover_models(...)
        finally:
            sent.end(token)

    Attributes:
        values: The secrets, in no order.
    """

    def __init__(self) -> None:
        self.values: set[str] = set()
        self._lasting: tuple[int, list[str]] = (0, [])

    def begin(self) -> Any:
        """Record the secrets that this task, and those that it starts, send from here on."""
        return _PRESENT.set(self)

    def end(self, token: Any) -> None:
        """Stop recording."""
        try:  # noqa: SIM105 - it ends with each event, and `suppress` takes five times as long
            _PRESENT.reset(token)
        except ValueError:
            pass  # a generator is closed in another context; its own ends with it

    @staticmethod
    def note(secrets: Iterable[str]) -> None:
        """Record the secrets of a request."""
        present = _PRESENT.get()
        if present is not None:
            present.values.update(secrets)

    @property
    def lasting(self) -> list[str]:
        """The secrets that are too long to be words, longest first.

        A key such as `ollama`, which self-hosted servers are given, is also the name of a model.
        """
        count = len(self.values)  # it only grows
        if count != self._lasting[0]:
            long = (value for value in self.values if len(value) >= _SHORTEST_TRANSFORMED)
            self._lasting = (count, sorted(long, key=len, reverse=True))
        return self._lasting[1]


def hide_sent(value: T) -> T:
    """JSON data without the secrets of the requests sent by the current call, if there is one.

    For a service's data about its answer. Without a secret in it, it is the same object.
    """
    if value is None:
        return value
    present = _PRESENT.get()
    if present is None or not present.values:
        return value
    secrets = present.lasting
    if isinstance(value, str):
        if not secrets or len(value) < len(secrets[-1]):  # the shortest
            return value
        return cast("T", redact(value, secrets))
    return cast("T", redact_data(value, secrets))
