"""Splices of document text: replace a value, add an item, remove an item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from modelwire.document.parser import Array, Comment, Element, Object, Tree
from modelwire.document.style import Style, indentation_at, opens_line, style_of

__all__ = ["Place", "add_item", "remove_item", "replacement", "splice"]

_SPACE = " \t"
_NEWLINE = "\r\n"


@frozen
class Place:
    """A place in a document.

    Attributes:
        tree: The document.
        around: The containers around the place, outermost first.
        items: For each of them but the last, the item that leads to the next one; then the item
            at the place, if there is one.
    """

    tree: Tree
    around: tuple[Array | Object, ...]
    items: tuple[Element, ...]

    @property
    def container(self) -> Array | Object:
        """The innermost container."""
        return self.around[-1]

    @property
    def style(self) -> Style:
        """The habits of writing at this place."""
        return style_of(self.tree, self.around)


def replacement(place: Place, value: Any) -> tuple[int, int, str]:
    """Another value for the item at the place, as what is written from where to where.

    Comments inside the old value come first.
    """
    text, item, style = place.tree.text, place.items[-1], place.style
    indent = indentation_at(text, item.start) if opens_line(text, item.start) else None
    kept = _comments(place, item.node.start, item.end, (indent or "") + style.unit)
    return item.node.start, item.end, kept + style.write(value, indent)


def add_item(place: Place, key: str | None, value: Any) -> str:
    """Add an item at the end of the innermost container; `key` is `None` for a list."""
    if not place.container.items:
        return _add_first(place, key, value)
    text, last, style = place.tree.text, place.container.items[-1], place.style
    after = last.end if last.comma is None else last.comma + 1
    if not opens_line(text, last.start):
        new = _write_item(style, key, value, None)
        new = f", {new}" if last.comma is None else f" {new},"
        at = _past_comments(place.tree, after, line_comments=False)
        return splice(text, [(at, at, new)])
    indent = indentation_at(text, last.start)
    new = style.newline + indent + _write_item(style, key, value, indent)
    at = _past_comments(place.tree, after, line_comments=True)
    if last.comma is None:
        return splice(text, [(last.end, last.end, ","), (at, at, new)])
    return splice(text, [(at, at, new + ",")])


def remove_item(place: Place, *, keep_comments: bool) -> str:
    """Remove the item at the place with its comma, and its line where nothing else is on it."""
    tree, item, container = place.tree, place.items[-1], place.container
    siblings: list[Element] = [*container.items]
    start, end = item.start, item.end
    edits = []
    if item.comma is not None:
        if any(_within(tree.comments, end, item.comma)):
            edits.append((item.comma, item.comma + 1, ""))
        else:
            end = item.comma + 1
    elif len(siblings) > 1:
        comma = siblings[-2].comma or 0
        edits.append((comma, comma + 1, ""))
    indent = indentation_at(tree.text, start)
    kept = _comments(place, start, item.end, indent) if keep_comments else ""
    if kept:
        edits.append((start, end, kept))
    elif len(siblings) == 1 and not any(
        comment
        for comment in _within(tree.comments, container.start, container.end)
        if not start <= comment.start < end
    ):
        edits = [(container.start + 1, container.end - 1, "")]
    else:
        edits.append((*_with_space(tree.text, start, end), ""))
    return splice(tree.text, edits)


def _add_first(place: Place, key: str | None, value: Any) -> str:
    """Add the first item of a container that may hold comments."""
    tree, container, style = place.tree, place.container, place.style
    text, end = tree.text, container.end - 1
    outer = indentation_at(text, container.start)
    indent = outer + style.unit
    line = style.newline + indent
    comma = "," if style.trailing_comma else ""
    comments = list(_within(tree.comments, container.start, end))
    if comments:
        at = comments[-1].end
        if "\n" in text[at:end] or "\r" in text[at:end]:
            new = line + _write_item(style, key, value, indent) + comma
        else:
            new = " " + _write_item(style, key, value, None)
        return splice(text, [(at, at, new)])
    if len(place.around) == 1 or opens_line(text, place.items[-1].start):
        new = line + _write_item(style, key, value, indent) + comma + style.newline + outer
    else:
        padding = style.padding if isinstance(container, Object) else ""
        new = padding + _write_item(style, key, value, None) + padding
    return splice(text, [(container.start + 1, end, new)])


def _write_item(style: Style, key: str | None, value: Any, indent: str | None) -> str:
    written = style.write(value, indent)
    return written if key is None else f"{style.write_key(key)}: {written}"


def _past_comments(tree: Tree, at: int, *, line_comments: bool) -> int:
    """Go past the comments that follow on the same line, with or without those that end it."""
    end = at
    for comment in tree.comments:
        if comment.start >= end:
            ends_line = tree.text.startswith("//", comment.start)
            if tree.text[end : comment.start].strip(_SPACE) or (ends_line and not line_comments):
                break
            end = comment.end
    return end


def _with_space(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen what is removed by the white space that would be left over."""
    left, right = start, end
    while left > 0 and text[left - 1] in _SPACE:
        left -= 1
    while right < len(text) and text[right] in _SPACE:
        right += 1
    opens = left == 0 or text[left - 1] in _NEWLINE
    closes = right == len(text) or text[right] in _NEWLINE
    if opens and closes:
        return left, right + (2 if text.startswith("\r\n", right) else 1)
    if not opens and (closes or text[right] in "}]"):
        return left, end
    return start, right


def _within(comments: Iterable[Comment], start: int, end: int) -> list[Comment]:
    return [comment for comment in comments if start <= comment.start < end]


def _comments(place: Place, start: int, end: int, indent: str) -> str:
    """The comments inside a stretch of text, to be written in its place."""
    kept = ""
    for comment in _within(place.tree.comments, start, end):
        written = place.tree.text[comment.start : comment.end]
        kept += written + (f"{place.style.newline}{indent}" if written.startswith("//") else " ")
    return kept


def splice(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """Write texts in place of others: each from where, to where, and what; none overlaps."""
    parts, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[0]):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])
