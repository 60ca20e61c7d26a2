"""The text of a configuration with what a guide has to write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from modelwire.config.editing import set_value
from modelwire.config.model_choice import set_primary
from modelwire.config.paths import format_path
from modelwire.hookspecs import Settings

__all__ = ["edit_for", "lines_of"]

_PRIMARY = ("agents", "defaults", "model", "primary")


def edit_for(settings: Settings, primary: str | None) -> Callable[[str], str]:
    """Make the edit that writes settings, and the default model where there is one to write.

    Everything else in the document stays as it is.
    """

    def edit(text: str) -> str:
        for path, value in settings.items():
            text = set_value(text, path, value)
        return set_primary(text, primary) if primary is not None else text

    return edit


def lines_of(settings: Settings, primary: str | None) -> Iterable[str]:
    """What will be written, a line for each value. A guide's settings hold no secret."""
    values = dict(settings)
    if primary is not None:
        values[_PRIMARY] = primary
    for path, value in values.items():
        yield f"{format_path(path)}: {json.dumps(value, ensure_ascii=False)}"
