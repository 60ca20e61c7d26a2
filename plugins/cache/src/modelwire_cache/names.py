"""Names: the modes, the variables, and the files and folders of recordings.

It imports nothing of modelwire, since pytest loads it in every run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

__all__ = [
    "FOLDER_VARIABLE",
    "MODES",
    "MODE_VARIABLE",
    "USED_VARIABLE",
    "Mode",
    "expected_mode",
    "folder_of_test",
    "is_recording",
    "mode_of",
]

Mode = Literal["off", "replay", "record-missing", "record"]
MODES: tuple[Mode, ...] = get_args(Mode)

MODE_VARIABLE = "MODELWIRE_RECORDINGS"
FOLDER_VARIABLE = "MODELWIRE_RECORDINGS_DIR"
USED_VARIABLE = "MODELWIRE_RECORDINGS_USED"
"""Names the file in which a program that a test starts notes the recordings that it uses."""

_OTHER_WORDS: Mapping[str, Mode] = {
    "none": "replay",
    "once": "record-missing",
    "new_episodes": "record-missing",
    "auto": "record-missing",
    "all": "record",
    "rewrite": "record",
}
"""Words of vcrpy and pytest-recording, and what comes nearest to them here."""

_RECORDING = re.compile(r"-[0-9a-f]{16}-[0-9]+\.json$")
_NOT_IN_FOLDERS = re.compile(r"[^A-Za-z0-9_.\[\]-]+")
_LONGEST_FOLDER = 100


def mode_of(text: str) -> Mode:
    """Read a mode.

    Raises:
        ValueError: There is no such mode; the message says which ones there are.
    """
    for mode in MODES:
        if text == mode:
            return mode
    raise ValueError(expected_mode(text))


def expected_mode(found: object) -> str:
    """The message for a mode that does not exist: the modes, and the one that another tool calls so."""
    near = _OTHER_WORDS.get(found) if isinstance(found, str) else None
    hint = f"; {found} is called {near} here" if near else ""
    return f"expected one of {', '.join(MODES)}{hint}"


def is_recording(path: Path) -> bool:
    """Whether a file has the name of a recording."""
    return _RECORDING.search(path.name) is not None


def folder_of_test(test: str) -> str:
    """The folder of a test below that of its module.

    Args:
        test: The test's name as pytest writes it, as `test_answer[short]` or `TestAnswer::test_it`.
    """
    plain = test.replace("::", ".")
    name = _NOT_IN_FOLDERS.sub("-", plain)
    if name == plain and len(name) <= _LONGEST_FOLDER:
        return name
    return f"{name[:_LONGEST_FOLDER]}-{hashlib.sha256(test.encode()).hexdigest()[:8]}"
