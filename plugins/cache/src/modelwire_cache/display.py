"""The readable form of a request: secrets hidden, and long texts in lines.

Recordings store it, and requests are compared by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelwire.redaction import (
    HIDDEN,
    is_secret_path,
    looks_like_a_key,
    looks_secret,
    redact,
    shown_url,
)
from modelwire_cache.fingerprint import RecordedRequest, digest

if TYPE_CHECKING:
    from modelwire.config import Config

__all__ = ["DisplayedRequest", "credentials_in", "joined_lines", "split_lines"]

_SHORTEST_CREDENTIAL = 12
"""The minimum length of variables' values that are searched for: a shorter one may be a word."""

_SHORTEST_ECHO = 8
"""The minimum length of a request's hidden texts that are searched for in its answer."""

_NOT_SECRET = frozenset({"id", "image", "name", "sha256", "signature", "toolCallId"})
"""Keys whose values may look like a key and are none."""

_WORD = re.compile(r"""[^\s"'`=:,;!?<>(){}\[\]]+""")


class DisplayedRequest:
    """A request for display.

    A hidden text has a mark in its place, with the beginning of its digest, so that two of them can be
    told apart.

    Args:
        request: The request.
        credentials: Texts to hide, the longest first. What looks like a secret is hidden as well.

    Attributes:
        content: The content of the request, as JSON data.
        marks: The hidden texts that an answer may repeat, each with its mark.
    """

    def __init__(self, request: RecordedRequest, credentials: Collection[str]) -> None:
        self.marks: dict[str, str] = {}
        self._credentials = credentials
        plain = json.loads(json.dumps(request.content, default=repr))
        self.content: dict[str, Any] = self._displayed(plain, None)
        self.question = self._hidden(request.question, None)

    def _displayed(self, data: Any, key: str | None) -> Any:
        match data:
            case dict():
                return {
                    redact(name, self._credentials): self._displayed(item, name)
                    for name, item in data.items()
                }
            case list():
                return [self._displayed(item, key) for item in data]
            case str():
                return split_lines(self._hidden(data, key))
            case _:
                return data

    def _hidden(self, text: str, key: str | None) -> str:
        for credential in self._credentials:
            if credential in text:
                text = text.replace(credential, self._mark(credential))
        text = redact(text, self._credentials)
        if key is not None and looks_secret(key):
            return self._mark(text)
        if key == "url":
            return shown_url(text)
        if key in _NOT_SECRET or not looks_like_a_key(text):
            return text
        return "\n".join(self._without_keys(line) for line in text.split("\n"))

    def _without_keys(self, line: str) -> str:
        """A line without the words that look like a key, by themselves or with the word before them."""
        if not looks_like_a_key(line):
            return line
        parts, end, begin = [], 0, 0
        for word in _WORD.finditer(line):
            core = word[0].rstrip(".")
            named = line[begin : word.start()]
            secret = looks_like_a_key(core) or (
                looks_like_a_key(named + core) and not looks_like_a_key(named)
            )
            if secret:
                parts += [line[end : word.start()], self._mark(core)]
                end = word.start() + len(core)
            begin = word.start()
        return "".join([*parts, line[end:]])

    def _mark(self, text: str) -> str:
        mark = f"{HIDDEN[:-1]} {digest(text.encode('utf-8', 'surrogatepass'))[:6]}>"
        if len(text) >= _SHORTEST_ECHO:
            self.marks[text] = mark
        return mark


def credentials_in(config: Config) -> list[str]:
    """Secrets that a configuration and its environment hold, the longest first."""
    found = {value for name, value in config.environ.items() if looks_secret(name)}
    found.update(_secret_values(config.document, ()))
    long = (value for value in found if len(value) >= _SHORTEST_CREDENTIAL)
    return sorted(long, key=len, reverse=True)


def split_lines(text: str) -> str | list[str]:
    """A text of several lines as a list of them, as which it is read and compared more easily."""
    return text.split("\n") if "\n" in text else text


def joined_lines(lines: object) -> str:
    """The text that `split_lines` made lines of.

    Raises:
        TypeError: The data has another form.
    """
    if not isinstance(lines, str | list):
        msg = "A text is a string or a list of lines."
        raise TypeError(msg)
    return lines if isinstance(lines, str) else "\n".join(lines)


def _secret_values(data: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(data, Mapping):
        for name, item in data.items():
            yield from _secret_values(item, (*path, str(name)))
    elif isinstance(data, list):
        for item in data:
            yield from _secret_values(item, path)
    elif isinstance(data, str) and is_secret_path(path):
        yield data
