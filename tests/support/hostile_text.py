"""Text that tries to take over a terminal, and what of it has arrived there."""

import re

__all__ = ["HOSTILE", "HOSTILE_FIELD", "HOSTILE_NAME", "obeyed", "shapes"]

_SEQUENCES = (
    "\x1b]52;c;ZXZpbA==\x07",  # writes the clipboard
    "\x1b]0;evil\x07",  # sets the title
    "\x1b]8;;http://evil.example\x1b\\",  # makes a link
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b[8m\x1b[58;5;99m",  # hides text
    "\x1b[?1049h",  # changes to the other screen
    "\x1b[21t",  # makes the terminal type its title
    "\x1bc",  # resets
    "\x1bP+q544e\x1b\\",
    "\x9b2J",
    "\x9d0;evil\x9c",
)
_CONTROLS = [chr(code) for code in (*range(1, 32), *range(127, 160)) if chr(code) not in "\t\n\r"]
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"

HOSTILE = "h" + "m".join([*_SEQUENCES, *_CONTROLS, *_TURNING, "\r"]) + "e"
"""All of it, but for NUL, which no argument and no path can hold."""

HOSTILE_NAME = HOSTILE.replace("/", "").replace("\r", "")
"""The same as the name of a file, in which surrogates stand for bytes that are not UTF-8."""

HOSTILE_FIELD = ("h" + "m".join([*_SEQUENCES, "\b", "\x7f", *_TURNING]) + "e").encode()
"""The same as the value of a header field, as far as a parser of HTTP lets it pass."""

_SEQUENCE = re.compile(
    rf"""
      \r+\n                                   # the end of a line, as a terminal gets it
    | \r?\x1b\[ [0-?]* [ -/]* [@-~]           # CSI
    | \x1b[\]PX^_] .*? (?:\x07|\x1b\\)        # OSC, DCS, SOS, PM, APC
    | \x1b [ -/]* .?
    | [\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}]
    """,
    re.DOTALL | re.VERBOSE,
)
_OWN = re.compile(
    r"""
      \r+\n
    | \x1b\[[0-9;]*m                          # a style
    | \r\x1b\[2K | \r\x1b\[J | \x1b\[[0-9]+A  # lines that change
    | \x1b\[\?2026[hl]
    | \x1b\[\?12l | \x1b\[\?25[hl]            # the cursor, by prompt_toolkit
    """,
    re.VERBOSE,
)
_HIDING = re.compile(r"\x1b\[(8|58;5;99)m")


def obeyed(raw: bytes) -> list[str]:
    """Control sequences that arrived at a terminal and are none of modelwire's own.

    Args:
        raw: The bytes that were written to it.
    """
    return [
        found
        for found in _SEQUENCE.findall(raw.decode())
        if not _OWN.fullmatch(found) or _HIDING.fullmatch(found)
    ]


def shapes(raw: bytes) -> set[str]:
    """The control sequences that arrived, without their numbers; those that hide text keep them.

    Whether the cursor moves from the beginning of its line depends on when the line was drawn. So a
    sequence after a carriage return has the shape that it has without one.
    """
    found = _SEQUENCE.findall(raw.decode())
    return {
        one
        if _HIDING.fullmatch(one)
        else re.sub("[0-9;]+", "", one.removeprefix("\r") if "\x1b[" in one else one)
        for one in found
    }


SPINNER = shapes(b"\r\x1b[2K")
"""What is shown while an answer is slow."""
