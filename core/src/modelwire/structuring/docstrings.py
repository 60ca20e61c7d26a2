"""Docstrings of functions and classes: the description, and that of each parameter.

The library `docstring-parser` reads the four styles: reST, Google, NumPy and epydoc. Its parsers are
strict where docstrings are not: one entry without a colon fails the whole docstring, and text after a
section is lost. So a docstring is brought into a regular form first.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from textwrap import indent

import docstring_parser as library
from attrs import frozen
from docstring_parser import epydoc, google, numpydoc, rest

__all__ = ["Docstring", "read_docstring"]


@frozen
class Docstring:
    """The parts of a docstring.

    Attributes:
        description: The text, without parameters, errors and examples; without results, too, in
            styles other than Google's.
        parameters: The description of each documented parameter, attribute or field, by its name.
    """

    description: str
    parameters: dict[str, str]


def read_docstring(text: str | None) -> Docstring:
    """Read a docstring in its predominant style.

    Types and defaults in it are left out: those of the code count. A docstring in no style, or one
    that breaks the rules of its style, is a description as a whole.

    Args:
        text: The docstring; `None` reads as an empty one.
    """
    cleaned = inspect.cleandoc(text or "")
    regular = _FIELD_TYPE.sub(r"\1param \2:", cleaned)
    regular = _FIELD_ARGUMENTS.sub(r"\1\2:", regular)
    regular = _NO_FIELD.sub(_MASK, regular)
    parsed = max((_parse(regular, style) for style in _STYLES), key=_sections)
    if not any(_sections(parsed)):
        return Docstring(cleaned, {})
    sections = [parsed.long_description or ""]
    sections += [
        f"{section.args[0].title()}:\n{indent(section.description or '', '    ')}"
        for section in parsed.meta
        if type(section) is library.DocstringMeta and section.args[0].lower() in _NOTES
    ]
    described = {
        name.strip("*\\ "): " ".join(param.description.split())
        for param in parsed.params
        for name in param.arg_name.split(",")
        if param.description
    }
    return Docstring(
        "\n\n".join(filter(None, sections)).replace(_MASK, ""),
        {name: description.replace(_MASK, "") for name, description in described.items()},
    )


_NOTES = frozenset({"note", "notes", "warning", "warnings"})
"""Sections and fields that are part of the description."""

# `:param dict[str, int] name:` is one type too many for the library, and `:ivar name:` it does not
# know; of epydoc's fields it knows few.
_FIELD_TYPE = re.compile(
    r"^([:@])(?:param|parameter|arg|argument|key|keyword|attribute|ivar|cvar|var)"
    r"\s[^:\n]*?(\w+)[ ]*:",
    re.MULTILINE,
)
_FIELD_ARGUMENTS = re.compile(
    r"^([:@])(raises?|except|exception|returns?|yields?)\s[^:\n]*:", re.MULTILINE
)

# A line that begins with a role (":class:`Path`"), with an at-sign or with a directive is text; the
# library would read a field or a section there.
_NO_FIELD = re.compile(r"^(?=\.\.|[:@](?![A-Za-z]\w*(?:[ \t][^:\n]*)?:(?:\s|\Z)))", re.MULTILINE)
_MASK = "\ufdd0"  # a code point that is no character, so no docstring holds it

# The library takes the first line for the summary and treats its indentation apart; in front of a
# docstring that begins with a section there has to be one.
_SUMMARY = "."


class _BareEntry(library.DocstringMeta):
    """An entry of a section that has a name and no description."""


class _GoogleParser(google.GoogleParser):
    """Google's sections that are not part of a description, read leniently."""

    def __init__(self) -> None:
        parameters = ("Keyword Args", "Keyword Arguments", "Other Parameters")
        sections = [s for s in google.DEFAULT_SECTIONS if s.key not in {"returns", "yields"}]
        sections += [google.Section(t, "param", google.SectionType.MULTIPLE) for t in parameters]
        super().__init__(sections)

    def _build_meta(self, text: str, title: str) -> library.DocstringMeta:
        if self.sections[title].type is google.SectionType.MULTIPLE:
            # The library looks for the first colon, which may be in the type: `(:obj:`str`)`.
            text = _ENTRY_TYPE.sub(r"\1:", text)
        try:
            return super()._build_meta(text, title)
        except library.ParseError:
            return _BareEntry([title], None)


_ENTRY_TYPE = re.compile(r"\A(\s*[*\\]*\w+)\s*\((?:[^()]|\([^()]*\))*\)\s*:")
_GOOGLE = _GoogleParser()


@frozen
class _Style:
    """A style, and the pattern that begins a block of one of its sections.

    Attributes:
        parse: The library's parser.
        section: The beginning of such a block, or `None` where blank lines do not end a section.
    """

    parse: Callable[[str], library.Docstring]
    section: re.Pattern[str] | None


_STYLES = (
    _Style(_GOOGLE.parse, _GOOGLE.titles_re),
    _Style(rest.parse, re.compile(":")),
    _Style(numpydoc.parse, None),
    _Style(epydoc.parse, re.compile("@")),
)


def _parse(text: str, style: _Style) -> library.Docstring:
    """Parse a text in a style; if it violates the style, the result has no section."""
    blocks = re.split(r"\n{2,}(?=\S)", text)
    if style.section is not None:
        starts = style.section
        # Text behind a section is moved before it, where it is not lost; empty sections go.
        blocks = [block for block in blocks if not starts.fullmatch(block)]
        blocks.sort(key=lambda block: starts.match(block) is not None)
    try:
        return style.parse("\n\n".join([_SUMMARY, *blocks]))
    except library.ParseError:
        return library.Docstring()


def _sections(parsed: library.Docstring) -> tuple[int, int]:
    """The numbers of parameters and of other recognized parts in the style of a docstring."""
    known = [section for section in parsed.meta if type(section) is not library.DocstringMeta]
    return len(parsed.params), len(known)
