"""JSON5 documents as text: parsing, and editing that keeps comments and layout.

There are two readers of JSON5 here, since each can do what the other cannot. The package `json5`
gives the data of a whole document without positions; it defines what JSON5 is, and `read_document`
loads documents that are not strict JSON with it. `parse` gives a tree with the position of every
value, key, comma and comment; edits need it, and so does an error that names a line. The
configuration comes from the first, and changes of the text from the second. Property tests check
that the two read the same data and refuse the same texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.document.edit import read_value, replace_values, set_value, unset_value
    from modelwire.document.lexer import SyntaxMistake, line_of
    from modelwire.document.parser import Array, Node, Object, Tree, parse, value_of
    from modelwire.document.paths import (
        Path,
        Step,
        check_key,
        format_path,
        list_index,
        parse_path,
        split_path,
        value_at,
    )
    from modelwire.document.read import plain_data, read_document, read_text

__all__ = [
    "Array",
    "Node",
    "Object",
    "Path",
    "Step",
    "SyntaxMistake",
    "Tree",
    "check_key",
    "format_path",
    "line_of",
    "list_index",
    "parse",
    "parse_path",
    "plain_data",
    "read_document",
    "read_text",
    "read_value",
    "replace_values",
    "set_value",
    "split_path",
    "unset_value",
    "value_at",
    "value_of",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "edit": (
            "read_value",
            "replace_values",
            "set_value",
            "unset_value",
        ),
        "lexer": (
            "SyntaxMistake",
            "line_of",
        ),
        "parser": (
            "Array",
            "Node",
            "Object",
            "Tree",
            "parse",
            "value_of",
        ),
        "paths": (
            "Path",
            "Step",
            "check_key",
            "format_path",
            "list_index",
            "parse_path",
            "split_path",
            "value_at",
        ),
        "read": (
            "plain_data",
            "read_document",
            "read_text",
        ),
    },
)
