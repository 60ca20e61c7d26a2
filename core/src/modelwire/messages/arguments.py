"""Arguments of tool calls: from JSON text to a JSON object."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from modelwire.structuring import TOO_DEEP, is_deep, is_shallow

__all__ = ["parse_arguments"]


def parse_arguments(text: str) -> dict[str, Any]:
    """Parse the JSON text of arguments; an empty one is an empty object.

    Values that cannot be written as JSON are refused.

    Raises:
        ValueError: The text is not a JSON object, it holds `NaN`, `Infinity` or a number that is too
            large, or it is nested deeper than `MAX_DEPTH` levels. Its message says which, with the
            arguments as the subject.
    """
    if not text.strip():
        return {}
    try:
        value = _decode(text)
    except json.JSONDecodeError:
        reason = "are not JSON"
    except RecursionError:
        reason = f"are {TOO_DEEP}"
    except ValueError:  # of `_refuse`, or of an integer with more digits than Python converts
        reason = "hold a number that is not valid JSON"
    else:
        if not isinstance(value, dict):
            reason = "are not a JSON object"
        elif is_shallow(text) or not is_deep(value):
            return value
        else:
            reason = f"are {TOO_DEEP}"
    raise ValueError(reason)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(number: str) -> NoReturn:
    raise ValueError(number)


_decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).decode
