"""The JSON5 parser: text as a tree with positions.

The tree serves two ends: to say on which line a path is, and to change a value without touching
another byte. It holds the offsets of values, keys, commas and comments; `text[node.start:node.end]`
is always exactly what was written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from attrs import Factory, define

from modelwire.document.lexer import (
    Comment,
    SyntaxMistake,
    line_starts,
    read_name,
    read_number,
    read_string,
    skip_blank,
)
from modelwire.document.paths import MAX_DEPTH, Path, Step, list_index

__all__ = [
    "Array",
    "Comment",
    "Element",
    "Member",
    "Node",
    "Object",
    "Scalar",
    "Tree",
    "parse",
    "value_of",
]


_QUOTES = frozenset("\"'")
_WORDS = {"true": True, "false": False, "null": None}


@define(eq=False)
class Scalar:
    """A string, a number, `true`, `false` or `null`."""

    start: int
    end: int
    value: Any


@define(eq=False)
class Element:
    """One value of a list. `comma` is the offset of the comma that follows, if there is one."""

    start: int
    node: Node
    comma: int | None = None

    @property
    def end(self) -> int:
        """Where the value ends."""
        return self.node.end


@define(eq=False)
class Member(Element):
    """One key and its value; `start` is where the key begins."""

    key: str = ""
    key_end: int = 0


@define(eq=False)
class Array:
    """A list."""

    start: int
    end: int = -1
    items: list[Element] = Factory(list)

    def find(self, step: Step) -> Element | None:
        """Return the element that a step of a path means."""
        index = list_index(step)
        return None if index is None or index >= len(self.items) else self.items[index]


@define(eq=False)
class Object:
    """Keys and their values, in the order in which they were written."""

    start: int
    end: int = -1
    items: list[Member] = Factory(list)

    def find(self, step: Step) -> Member | None:
        """Return the member that a step means; of several with the same key, the last."""
        key = str(step)
        return next((member for member in reversed(self.items) if member.key == key), None)


Node: TypeAlias = Scalar | Array | Object


@define(eq=False, slots=False)
class Tree:
    """A parsed text.

    Attributes:
        text: The text.
        root: The document, or `None` if there is only white space and comments.
        comments: All comments, in their order.
    """

    text: str
    root: Node | None
    comments: list[Comment]

    def line(self, path: Sequence[Step]) -> int:
        """Line of what a path names; where that does not exist, of the nearest thing around it."""
        node, offset = self.root, self.root.start if self.root else 0
        for step in path:
            item = None if node is None or isinstance(node, Scalar) else node.find(step)
            if item is None:
                break
            node, offset = item.node, item.start
        return self._line_at(offset)

    def duplicates(self) -> Iterator[tuple[Path, int, int]]:
        """Keys that an object has twice: the path, and the lines of the first and the other one."""
        pending: list[tuple[Path, Node]] = [((), self.root)] if self.root else []
        while pending:
            path, node = pending.pop()
            if isinstance(node, Object):
                first: dict[str, int] = {}
                for member in node.items:
                    begun = first.setdefault(member.key, member.start)
                    if begun != member.start:
                        lines = self._line_at(begun), self._line_at(member.start)
                        yield (*path, member.key), *lines
                    pending.append(((*path, member.key), member.node))
            elif isinstance(node, Array):
                pending += [((*path, at), item.node) for at, item in enumerate(node.items)]

    def _line_at(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    @cached_property
    def _starts(self) -> list[int]:
        return line_starts(self.text)


def parse(text: str) -> Tree:
    """Parse JSON5.

    The trees of the last texts are kept: what reads, checks and edits a document parses it once.
    Nothing changes a tree.

    Raises:
        SyntaxMistake: The text is not JSON5, or is nested deeper than `MAX_DEPTH`.
    """
    return _parsed(text)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Tree:
    return _Parser(text).parse()


def value_of(node: Node) -> Any:
    """The plain data of a node; of duplicate keys the last one counts."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Array):
        return [value_of(item.node) for item in node.items]
    return {member.key: value_of(member.node) for member in node.items}


class _Parser:
    """Reads one token after the other, with the containers that are still open on a stack."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.comments: list[Comment] = []
        self.open: list[Array | Object] = []

    def parse(self) -> Tree:
        self._skip()
        root = None if self.at == len(self.text) else self._value()
        node = root
        while self.open:
            node = self._next_in(self.open[-1], node)
        self._skip()
        if self.at < len(self.text):
            raise self._mistake(f"the document ends before this, yet there is {self._here()}")
        return Tree(self.text, root, self.comments)

    def _next_in(self, container: Array | Object, last: Node | None) -> Node | None:
        """Read the comma, key and value that come next, or close the container.

        `last` is the value that was just completed or opened.
        """
        close = "]" if isinstance(container, Array) else "}"
        self._skip()
        char = self.text[self.at : self.at + 1]
        if last is not container:
            if char == ",":
                container.items[-1].comma = self.at
                self.at += 1
                self._skip()
                char = self.text[self.at : self.at + 1]
            elif char != close:
                raise self._mistake(
                    f'expected "," or "{close}" after a value, found {self._here()}'
                )
        if char == close:
            self.at += 1
            container.end = self.at
            self.open.pop()
            return container
        start = self.at
        if isinstance(container, Array):
            node = self._value()
            container.items.append(Element(start, node))
        else:
            key, key_end = self._key()
            node = self._value()
            container.items.append(Member(start, node, key=key, key_end=key_end))
        return node

    def _key(self) -> tuple[str, int]:
        if self.text[self.at : self.at + 1] in _QUOTES:
            key, self.at = read_string(self.text, self.at)
        elif name := read_name(self.text, self.at):
            key, self.at = name
        else:
            raise self._mistake(f'expected a key or "}}", found {self._here()}')
        end = self.at
        self._skip()
        if self.text[self.at : self.at + 1] != ":":
            raise self._mistake(f'expected ":" after a key, found {self._here()}')
        self.at += 1
        self._skip()
        return key, end

    def _value(self) -> Node:
        start = self.at
        char = self.text[start : start + 1]
        if char in ("{", "["):
            if len(self.open) == MAX_DEPTH:
                raise self._mistake(f"nested more than {MAX_DEPTH} levels deep")
            self.at += 1
            container: Array | Object = Object(start) if char == "{" else Array(start)
            self.open.append(container)
            return container
        if char in _QUOTES:
            string, self.at = read_string(self.text, start)
            return Scalar(start, self.at, string)
        if number := read_number(self.text, start):
            self.at = number[1]
            return Scalar(start, self.at, number[0])
        if (name := read_name(self.text, start)) and self.text[start : name[1]] in _WORDS:
            self.at = name[1]
            return Scalar(start, self.at, _WORDS[name[0]])
        hint = "; put text in quotes" if name else ""
        raise self._mistake(f"expected a value, found {self._here()}{hint}")

    def _skip(self) -> None:
        self.at = skip_blank(self.text, self.at, self.comments)

    def _here(self) -> str:
        """Describe the next token by its first character only, since the rest could be a secret."""
        if self.at >= len(self.text):
            return "the end of the file"
        char = self.text[self.at]
        return f"'{char}'" if char == '"' else f'"{char}"'

    def _mistake(self, message: str) -> SyntaxMistake:
        return SyntaxMistake(message, self.text, self.at)
