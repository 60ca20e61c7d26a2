"""Arguments of one tool call, from pieces that need not be deltas.

Some services send each piece as a snapshot of all that came before; a placeholder, `{}` or
`null`, and then the arguments; deltas and then the whole once more, spaced in another way; ciphertext and then
the text. The kind of a piece follows from the value so far. A JSON object that is complete is
never appended to: the text after it is the same object again, a larger one, or a mistake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from attrs import define, field

from modelwire.errors import MalformedToolCall

__all__ = ["ToolArguments"]

_STRUCTURE = re.compile(r'["{}\[\]]')
_IN_STRING = re.compile(r'["\\]')
_SPACINGS = ((",", ":"), (", ", ": "))


@define(eq=False)
class _Scan:
    """The progress through a JSON object, tracked without parsing it again for each piece.

    Attributes:
        state: `before` the first brace, inside of the object (`open`), behind its end (`closed`), or
            no JSON object at all (`other`).
    """

    state: Literal["before", "open", "closed", "other"] = "before"
    _depth: int = 0
    _in_string: bool = False
    _escaped: bool = False
    _parsed: dict[str, Any] | None = None

    def feed(self, piece: str) -> int | None:
        """Process a piece; return where in it the object ended, or `None`."""
        if self.state == "before" and (begun := piece.lstrip()):
            self.state = "open" if begun.startswith("{") else "other"
        if self.state == "closed" and not piece.isspace():
            self.state = "other"
        if self.state != "open":
            return None
        at = 0
        while True:
            if self._escaped and at < len(piece):
                self._escaped = False
                at += 1
            found = (_IN_STRING if self._in_string else _STRUCTURE).search(piece, at)
            if found is None:
                return None
            at = found.end()
            self._mark(found[0])
            if not self._depth:
                self.state = "closed"
                return at

    def value(self, parts: list[str]) -> dict[str, Any] | None:
        """The complete object, if it is one; it is parsed once."""
        if self.state != "closed":
            return None
        if self._parsed is None:
            self._parsed = _object("".join(parts))
            if self._parsed is None:
                self.state = "other"
        return self._parsed

    def _mark(self, mark: str) -> None:
        if mark == "\\":
            self._escaped = True
        elif mark == '"':
            self._in_string = not self._in_string
        else:
            self._depth += 1 if mark in "{[" else -1


@define(eq=False)
class ToolArguments:
    """The arguments of one tool call while they arrive.

    `add` takes a piece and returns the part that can be passed on, and `end` returns the rest. A
    part that was returned is never revoked: the piece that completes an object is held back until
    `end`, as is everything that may still turn out to be a snapshot. The work per piece does not
    grow with the total, except for pieces that repeat it.
    """

    _parts: list[str] = field(factory=list, init=False)
    _size: int = field(default=0, init=False)
    _scan: _Scan = field(factory=_Scan, init=False)
    _snapshot: str | None = field(default=None, init=False)
    _next: ToolArguments | None = field(default=None, init=False)
    _sent: list[str] = field(factory=list, init=False)
    _passed: int = field(default=0, init=False)
    _replaced: bool = field(default=False, init=False)
    _differs: bool = field(default=False, init=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing but white space has arrived."""
        return self._scan.state == "before"

    @property
    def is_complete(self) -> bool:
        """Whether one whole JSON object has arrived, without a contradiction."""
        return self._next is None and self._value() is not None

    def add(self, piece: str) -> str:
        """Add a piece; return the part that can be passed on now, which is often empty."""
        while piece:
            piece = self._take(piece)
        return self._release()

    def end(self, whole: str = "") -> str:
        """End the arguments; return the part that has not been passed on.

        Args:
            whole: All arguments once more, where the service repeats them at the end. If they are a
                JSON object, they come before the pieces, unless they are a mere placeholder.

        Raises:
            MalformedToolCall: There were two different objects, or the final version of the service
                contradicts what has been passed on.
        """
        mine, last = self._value(), _object(whole)
        if self._next is not None and not last:
            raise MalformedToolCall("A tool call has two different sets of arguments.")
        text = self._text()
        if last is not None and not _is_same(mine, last) and (last or mine is None):
            text, mine = whole, last
        elif mine is None and whole.startswith(text):
            text = whole
        return self._rest(text, mine)

    def _take(self, piece: str) -> str:
        """Add a piece up to the end of an object; return the rest."""
        if self._next is not None:
            return self._take_again(self._next, piece)
        if self._snapshot is not None:
            return self._go_on_after_snapshot(piece)
        if self._scan.state == "closed" and self._value() is not None:
            if piece.isspace():
                return ""
            if piece.lstrip().startswith("{"):
                return self._begin_again(piece)
        if self._scan.state == "other" and self._is_null() and piece.lstrip().startswith("{"):
            self._restart("")
        if self._scan.state == "open" and len(piece) >= self._size:
            text = "".join(self._parts)
            if piece.startswith(text):
                self._snapshot = piece
        return self._append(piece)

    def _is_null(self) -> bool:
        """Whether the arguments so far are the other placeholder."""
        return self._size < 16 and "".join(self._parts).strip() == "null"

    def _append(self, piece: str) -> str:
        closed_before = self._scan.state == "closed"
        end = self._scan.feed(piece)
        whole = end is None or closed_before or self._snapshot is not None
        taken = piece if whole else piece[:end]
        self._parts.append(taken)
        self._size += len(taken)
        return piece[len(taken) :]

    def _go_on_after_snapshot(self, piece: str) -> str:
        """Find out whether a piece continues the snapshots, or is a delta after all."""
        before = self._snapshot or ""
        if piece.startswith(before):
            self._snapshot = piece
        elif not piece.isspace():
            if piece.lstrip().startswith("{") and _object(before) is not None:
                # A delta could not begin an object right behind another one.
                self._restart(before)
                return piece
            self._snapshot = None
        return self._append(piece)

    def _begin_again(self, piece: str) -> str:
        """Add the start of a text after a complete object; return the rest to be added."""
        if not self._value():
            self._restart("")
            return piece
        self._next = ToolArguments()
        return self._take_again(self._next, piece)

    def _take_again(self, again: ToolArguments, piece: str) -> str:
        """Add to an object after a complete one; once it is complete, only one of them is kept.

        The text after its end is returned.
        """
        if self._differs:
            return ""
        rest = again._take(piece)
        mine, value = self._value(), again._value() if again.is_complete else None
        if value is None:
            return rest
        if not value or _is_same(mine, value):
            self._next = None
        elif _has_grown(mine, value):
            self._restart(again._text())
        else:
            self._differs = True
        return rest

    def _restart(self, text: str) -> None:
        """Replace the arguments so far; the rest of them is passed on at the end."""
        self._replaced = bool(self._sent)
        self._parts, self._size, self._passed = [], 0, 0
        self._scan, self._snapshot, self._next = _Scan(), None, None
        if text:
            self._append(text)

    def _value(self) -> dict[str, Any] | None:
        if self._snapshot is not None:
            whole = _object("".join(self._parts))
            return _object(self._snapshot) if whole is None else whole
        return self._scan.value(self._parts)

    def _text(self) -> str:
        text = "".join(self._parts)
        if self._snapshot is not None and _object(text) is None:
            return self._snapshot
        return text

    def _release(self) -> str:
        held = self._snapshot is not None or self._next is not None or self._replaced
        if held or self._scan.state != "open":
            return ""
        fragment = "".join(self._parts[self._passed :])
        self._passed = len(self._parts)
        if fragment:
            self._sent.append(fragment)
        return fragment

    def _rest(self, text: str, value: dict[str, Any] | None) -> str:
        sent = "".join(self._sent)
        for written in (text, *_writings(value)):
            if written.startswith(sent):
                rest = written[len(sent) :]
                self._sent.append(rest)
                return rest
        msg = "The final arguments of a tool call differ from those streamed before."
        raise MalformedToolCall(msg)


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object in a text, or `None`."""
    if not text.rstrip().endswith("}"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON; in Python `1 == True`, and a NaN is not itself."""
    return _has_grown(one, other) and _has_grown(other, one)


def _has_grown(old: Any, new: Any) -> bool:
    """Whether a value may be an earlier state of another one."""
    try:
        return _grew(old, new)
    except RecursionError:
        return False


def _grew(old: Any, new: Any) -> bool:
    if old is None:
        return True
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and _grew(value, new[key]) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) <= len(new) and all(map(_grew, old, new))
    if isinstance(old, str) and isinstance(new, str):
        return new.startswith(old)
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return _is_number(old) and _is_number(new) and (old == new or str(new).startswith(str(old)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _writings(value: dict[str, Any] | None) -> Iterator[str]:
    """The usual spellings of a value, since the passed-on part may be spaced differently."""
    if value is None:
        return
    for ascii_only in (False, True):
        for separators in _SPACINGS:
            yield json.dumps(value, ensure_ascii=ascii_only, separators=separators)
