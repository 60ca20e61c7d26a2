"""The JSON5 lexer: white space, comments, strings, numbers and names.

Follows the lexical grammar of https://spec.json5.org/.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata

from attrs import frozen

from modelwire.text import join_surrogates

__all__ = [
    "Comment",
    "SyntaxMistake",
    "is_name",
    "line_of",
    "line_starts",
    "read_name",
    "read_number",
    "read_string",
    "skip_blank",
]

_SPACE = re.compile("[\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")
_NEVER_BLANK = frozenset(string.ascii_letters + string.digits + "\"'{}[]:,$_")
_LINE_COMMENT = re.compile("//[^\n\r\u2028\u2029]*")
_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STRING = {
    '"': re.compile(r'"[^"\\\n\r]*(?:\\(?:\r\n|.)[^"\\\n\r]*)*"', re.DOTALL),
    "'": re.compile(r"'[^'\\\n\r]*(?:\\(?:\r\n|.)[^'\\\n\r]*)*'", re.DOTALL),
}
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\n\r\u2028\u2029])|(0(?![0-9])|[^0-9ux]))",
    re.DOTALL,
)
_ANY_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,4}|x[0-9a-fA-F]{0,2}|\r\n|.)", re.DOTALL)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_NUMBER = re.compile(
    r"([+-]?)(?:(Infinity|NaN)|0[xX]([0-9a-fA-F]+)"
    r"|((?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))"
)
_DIGIT = re.compile("[0-9]")
_NAME_FAST = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_AFTER_NAME = frozenset(": ,]}\n")
_NAME_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_NAME_START = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Nl"))
_NAME_PART = _NAME_START | {"Mn", "Mc", "Nd", "Pc"}
_NEWLINE = re.compile(r"\r\n|\n|\r")


class SyntaxMistake(ValueError):
    """The text is not JSON5.

    Attributes:
        message: What was expected, in words; it never repeats what a string holds.
        line: Counted from 1.
        column: Counted from 1, in characters.
    """

    def __init__(self, message: str, text: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.line, self.column = line_of(text, offset)


@frozen
class Comment:
    """A comment and its place, `//` or `/* */` included."""

    start: int
    end: int


def line_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both counted from 1."""
    line, start = 1, 0
    for newline in _NEWLINE.finditer(text, 0, offset):
        line, start = line + 1, newline.end()
    return line, offset - start + 1


def line_starts(text: str) -> list[int]:
    """The offsets at which the lines of a text begin."""
    return [0, *(newline.end() for newline in _NEWLINE.finditer(text))]


def skip_blank(text: str, at: int, comments: list[Comment] | None = None) -> int:
    """Go past white space and comments, and put the comments into the list."""
    if text[at : at + 1] in _NEVER_BLANK:
        return at
    while True:
        if space := _SPACE.match(text, at):
            at = space.end()
        if not text.startswith("/", at):
            return at
        comment = _LINE_COMMENT.match(text, at) or _BLOCK_COMMENT.match(text, at)
        if comment is None:
            if text.startswith("/*", at):
                msg = "this comment has no end: */ is missing"
                raise SyntaxMistake(msg, text, at)
            return at
        if comments is not None:
            comments.append(Comment(*comment.span()))
        at = comment.end()


def read_string(text: str, at: int) -> tuple[str, int]:
    """Read the string that begins with the quote at this offset; returns it and its end."""
    match = _STRING[text[at]].match(text, at)
    if match is None:
        msg = "this string has no end: the closing quote is missing on its line"
        raise SyntaxMistake(msg, text, at)
    body = match[0][1:-1]
    if "\\" not in body:
        return body, match.end()

    def unescape(escape: re.Match[str]) -> str:
        known = _ESCAPE.fullmatch(escape[0])
        if known is None or (known[4] == "0" and _DIGIT.match(body, escape.end())):
            msg = f"{escape[0]} is not an escape that JSON5 knows"
            raise SyntaxMistake(msg, text, at + 1 + escape.start())
        if code := known[1] or known[2]:
            return chr(int(code, 16))
        return "" if known[3] else _CONTROL.get(known[4], known[4])

    return join_surrogates(_ANY_ESCAPE.sub(unescape, body)), match.end()


def read_number(text: str, at: int) -> tuple[int | float, int] | None:
    """Read a number; returns it and its end, or `None` where there is none."""
    match = _NUMBER.match(text, at)
    if match is None:
        return None
    sign, word, digits, decimal = match.groups()
    if _is_name_part(text[match.end() : match.end() + 1]):
        msg = "this number is directly followed by something that is not part of it"
        raise SyntaxMistake(msg, text, match.end())
    value: int | float
    if word:
        value = math.inf if word == "Infinity" else math.nan
    elif digits:
        value = int(digits, 16)
    elif decimal.isdigit():
        try:
            value = int(decimal)
        except ValueError as error:
            msg = "this number has too many digits"
            raise SyntaxMistake(msg, text, at) from error
    else:
        value = float(decimal)
    return (-value if sign == "-" else value), match.end()


def read_name(text: str, at: int) -> tuple[str, int] | None:
    """Read a key without quotes; returns it and its end, or `None` where there is none."""
    fast = _NAME_FAST.match(text, at)
    name, at = (fast[0], fast.end()) if fast else ("", at)
    if name and text[at : at + 1] in _AFTER_NAME:
        return name, at
    while at < len(text):
        escape = _NAME_ESCAPE.match(text, at)
        char, end = (chr(int(escape[1], 16)), escape.end()) if escape else (text[at], at + 1)
        if not (_is_name_part(char) if name else _is_name_start(char)):
            break
        name, at = name + char, end
    return (name, at) if name else None


def is_name(key: str) -> bool:
    """Whether a key may be written without quotes and without any escape, in plain ASCII."""
    return _NAME_FAST.fullmatch(key) is not None


def _is_name_start(char: str) -> bool:
    return char in ("$", "_") or unicodedata.category(char) in _NAME_START


def _is_name_part(char: str) -> bool:
    if not char or char in _AFTER_NAME:
        return False
    return char in "$_\u200c\u200d" or unicodedata.category(char) in _NAME_PART
