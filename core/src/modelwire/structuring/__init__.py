"""Structuring: plain JSON data to typed objects, strictly, with every problem named by its path.

cattrs does the work. Out of the box it turns `"5"` into 5, `5` into `"5"` and a string into a list
of its characters; a hand-written document deserves an error instead. The converter
made here never coerces, reads `camelCase` keys into `snake_case` attributes, and `problems_of`
flattens the errors of cattrs into a list of paths and sentences.

An attribute of an attrs class can have more settings in its metadata: `{"key": "..."}` gives it
another key than its name in camel case, `{"rest": True}` makes it a dict of all keys that the class
does not know, and `{"read": False}` keeps it out of the document altogether.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.structuring.converter import Converter, make_converter
    from modelwire.structuring.errors import ValueMistake, describe
    from modelwire.structuring.keys import keys_of, to_camel
    from modelwire.structuring.limits import (
        MAX_DEPTH,
        TOO_DEEP,
        check_depth,
        cut_deep,
        finite_numbers,
        is_deep,
        is_json_number,
        is_shallow,
        not_json,
    )
    from modelwire.structuring.problems import mistakes_in, problems_of

__all__ = [
    "MAX_DEPTH",
    "TOO_DEEP",
    "Converter",
    "ValueMistake",
    "check_depth",
    "cut_deep",
    "describe",
    "finite_numbers",
    "is_deep",
    "is_json_number",
    "is_shallow",
    "keys_of",
    "make_converter",
    "mistakes_in",
    "not_json",
    "problems_of",
    "to_camel",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "converter": (
            "Converter",
            "make_converter",
        ),
        "errors": (
            "ValueMistake",
            "describe",
        ),
        "keys": (
            "keys_of",
            "to_camel",
        ),
        "limits": (
            "MAX_DEPTH",
            "TOO_DEEP",
            "check_depth",
            "cut_deep",
            "finite_numbers",
            "is_deep",
            "is_json_number",
            "is_shallow",
            "not_json",
        ),
        "problems": (
            "mistakes_in",
            "problems_of",
        ),
    },
)
