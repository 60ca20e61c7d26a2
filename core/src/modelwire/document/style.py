"""The style of a document: detected, and used for new values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from attrs import frozen

from modelwire.document.lexer import is_name
from modelwire.document.parser import Member, Node, Object, Scalar, Tree

__all__ = ["Style", "indentation_at", "opens_line", "style_of"]

Quote = Literal["", "'", '"']

_BLANK = " \t\ufeff\xa0"
_BEFORE_QUOTE = re.compile(r"""[\\'\x00-\x1f\x7f\u2028\u2029]""")
_INLINE_LIST = 60


@frozen
class Style:
    """Habits of a document.

    Attributes:
        newline: The end of a line.
        unit: One step of indentation.
        key_quote: The quote around keys; empty where keys that allow it have none.
        text_quote: The quote around strings.
        trailing_comma: Whether the last item of a container has a comma.
        padding: The text between the braces and the members of an object on one line.
    """

    newline: str = "\n"
    unit: str = "  "
    key_quote: Quote = '"'
    text_quote: Quote = '"'
    trailing_comma: bool = False
    padding: str = ""

    def write(self, value: Any, indent: str | None) -> str:
        """Write plain data.

        Args:
            value: The data.
            indent: The indentation of the line on which it begins; `None` writes it on one line.
        """
        if isinstance(value, Mapping):
            parts = [
                f"{self.write_key(key)}: {self.write(item, self._deeper(indent))}"
                for key, item in value.items()
            ]
            return self._wrap("{", parts, "}", indent)
        if isinstance(value, list | tuple):
            parts = [self.write(item, self._deeper(indent)) for item in value]
            flat = not any(isinstance(item, Mapping | list | tuple) for item in value)
            short = sum(len(part) + 2 for part in parts) <= _INLINE_LIST
            return self._wrap("[", parts, "]", None if flat and short else indent)
        if isinstance(value, str):
            return _quoted(value, self.text_quote)
        return json.dumps(value)

    def write_key(self, key: str) -> str:
        """Write a key, with quotes where the document has them or the key needs them."""
        if not self.key_quote and is_name(key):
            return key
        return _quoted(key, self.key_quote or self.text_quote)

    def _deeper(self, indent: str | None) -> str | None:
        return None if indent is None else indent + self.unit

    def _wrap(self, opening: str, parts: list[str], closing: str, indent: str | None) -> str:
        if not parts:
            return opening + closing
        if indent is None:
            padding = self.padding if opening == "{" else ""
            return opening + padding + ", ".join(parts) + padding + closing
        line = self.newline + indent + self.unit
        comma = "," if self.trailing_comma else ""
        body = f",{line}".join(parts)
        return f"{opening}{line}{body}{comma}{self.newline}{indent}{closing}"


def style_of(tree: Tree, around: Sequence[Node]) -> Style:
    """Find the habits of a document at one place.

    Args:
        tree: The document.
        around: The containers around the place, outermost first. The nearest one that shows a habit
            decides; then the rest of the document.
    """
    nodes = [*reversed(around), *_descendants(tree.root)]
    text = tree.text
    default = Style()
    return Style(
        newline="\r\n" if "\r\n" in text else "\n",
        unit=_first(nodes, lambda node: _unit(node, text), default.unit),
        key_quote=_first(nodes, lambda node: _key_quote(node, text), default.key_quote),
        text_quote=_first(nodes, lambda node: _text_quote(node, text), default.text_quote),
        trailing_comma=_first(
            nodes, lambda node: _trailing_comma(node, text), default.trailing_comma
        ),
        padding=_first(nodes, lambda node: _padding(node, text), default.padding),
    )


def indentation_at(text: str, offset: int) -> str:
    """The white space at the beginning of the line that contains an offset."""
    start = offset
    while start > 0 and text[start - 1] not in "\r\n":
        start -= 1
    end = start
    while end < offset and text[end] in " \t":
        end += 1
    return text[start:end]


def opens_line(text: str, offset: int) -> bool:
    """Whether there is only white space before an offset on its line."""
    while offset > 0 and text[offset - 1] in _BLANK:
        offset -= 1
    return offset == 0 or text[offset - 1] in "\r\n"


def _first(nodes: Iterable[Node], habit: Callable[[Node], Any], default: Any) -> Any:
    return next((found for node in nodes if (found := habit(node)) is not None), default)


def _descendants(root: Node | None) -> Iterator[Node]:
    pending = [root] if root else []
    while pending:
        node = pending.pop(0)
        yield node
        if not isinstance(node, Scalar):
            pending += [item.node for item in node.items]


def _unit(node: Node, text: str) -> str | None:
    if isinstance(node, Scalar) or not node.items or not opens_line(text, node.items[0].start):
        return None
    outer = indentation_at(text, node.start)
    inner = indentation_at(text, node.items[0].start)
    return inner[len(outer) :] if inner.startswith(outer) and inner != outer else None


def _key_quote(node: Node, text: str) -> Quote | None:
    if not isinstance(node, Object):
        return None
    # A quoted key that needs its quotes shows nothing about the others.
    quotes = [_quote_at(text, m) for m in node.items if is_name(m.key)]
    return quotes[-1] if quotes else None


def _quote_at(text: str, member: Member) -> Quote:
    char = text[member.start]
    return char if char in ("'", '"') else ""  # type: ignore[return-value] # one of the two quotes


def _text_quote(node: Node, text: str) -> Quote | None:
    if isinstance(node, Scalar):
        return None
    values = [item.node for item in node.items if isinstance(item.node, Scalar)]
    quotes = [text[value.start] for value in values if isinstance(value.value, str)]
    return ("'" if quotes[-1] == "'" else '"') if quotes else None


def _trailing_comma(node: Node, text: str) -> bool | None:
    # Trailing commas are not usual on one line, so their absence shows no habit.
    if isinstance(node, Scalar) or not node.items or not opens_line(text, node.items[-1].start):
        return None
    return node.items[-1].comma is not None


def _padding(node: Node, text: str) -> str | None:
    if not isinstance(node, Object) or not node.items or opens_line(text, node.items[0].start):
        return None
    return " " if text[node.start + 1] == " " else ""


def _quoted(text: str, quote: str) -> str:
    if quote != "'" or _BEFORE_QUOTE.search(text):
        written = json.dumps(text, ensure_ascii=False)
        return re.sub(r"[\x7f\u2028\u2029]", _escape, written)
    return f"'{text}'"


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
