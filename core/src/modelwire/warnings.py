"""The warnings: findings that a user should know although everything works.

    ModelwireWarning
    ├── UntrustedConfigWarning      parts of a configuration file that is not trusted were left out
    ├── MisspeltKeyWarning          a key of a configuration file looks misspelt
    └── UnsafeFolderWarning         others can write to a folder that modelwire reads

They are issued with Python's `warnings`, once for each place in a program that calls modelwire. The
command line shows each as one line on standard error.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwire.errors import Problem

__all__ = [
    "MisspeltKeyWarning",
    "ModelwireWarning",
    "UnsafeFolderWarning",
    "UntrustedConfigWarning",
    "warn_caller",
]


class ModelwireWarning(UserWarning):
    """A finding that a user should know, although nothing fails because of it.

    Attributes:
        message: The finding and the remedy, on one line; a control character in it, as in
            the name of a file, is written as an escape.
    """

    def __init__(self, message: str) -> None:
        self.message = "".join(map(_printable, message))
        super().__init__(self.message)


class UntrustedConfigWarning(ModelwireWarning):
    """A configuration file that was found in the working directory is not trusted.

    Attributes:
        path: The file.
        reason: Why it is not trusted.
        left_out: The paths of the settings that were left out, such as `env.vars.HTTPS_PROXY`.
    """

    def __init__(
        self, message: str, *, path: str = "", reason: str = "", left_out: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.path = path
        self.reason = reason
        self.left_out = tuple(left_out)


class MisspeltKeyWarning(ModelwireWarning):
    """A key of a configuration file that nothing reads, spelled much like one that is read.

    Attributes:
        path: The file.
        problems: The path and the line of each such key, with a suggestion.
    """

    def __init__(self, message: str, *, path: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.path = path
        self.problems = tuple(problems)


class UnsafeFolderWarning(ModelwireWarning):
    """Other users can write to a folder from which modelwire reads.

    Attributes:
        path: The folder.
    """

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def warn_caller(warning: ModelwireWarning) -> None:
    """Issue a warning for the code that called modelwire or one of its plugins."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001 - the documented way to look at callers
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__")):
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level + 1)


def _printable(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0].startswith("modelwire")
