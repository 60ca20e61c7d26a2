"""The verdict on a configuration file: whether it is trusted, with the reason and the remedy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path

from attrs import frozen

from modelwire.config.approvals import digest_of, read_approvals
from modelwire.errors import ConfigError
from modelwire.files import FileContent, exposure_of_file, user_path

__all__ = ["TRUST_VARIABLE", "Distrust", "assumed_trust", "distrust_of"]

TRUST_VARIABLE = "MODELWIRE_TRUST"
_APPROVE = "Approve it with: modelwire config trust"

assumed_trust: ContextVar[bool | None] = ContextVar("assumed_trust", default=None)
"""Whether found files are trusted where the caller does not decide; set by `--trust`."""


@frozen
class Distrust:
    """The reason why a file is not trusted, and the remedy.

    Attributes:
        reason: The reason, as the end of a sentence about the file.
        hint: The remedy.
        final: Whether an approval would not help.
    """

    reason: str
    hint: str
    final: bool = False


def distrust_of(
    file: Path, content: FileContent, environ: Mapping[str, str], trust: bool | None
) -> Distrust | None:
    """Decide whether a file found in the working directory is trusted.

    Args:
        file: The file, with all links resolved.
        content: Its content.
        environ: The environment variables.
        trust: Whether the caller trusts it; `None` is what `--trust` says, or else
            `$MODELWIRE_TRUST` and the user's approvals.

    Returns:
        The reason why it is not trusted; `None` where it is.
    """
    trust = assumed_trust.get() if trust is None else trust
    if trust is False:
        return Distrust("the caller does not trust it", _APPROVE)
    if (exposed := _exposure(file, content)) is not None:
        return exposed
    if trust or file.parent in _trusted_folders(environ):
        return None
    return _unapproved(file, content, environ)


def _unapproved(file: Path, content: FileContent, environ: Mapping[str, str]) -> Distrust | None:
    try:
        approval = read_approvals(environ).get(file)
    except ConfigError as error:
        return Distrust(error.message.rstrip("."), error.hint or _APPROVE)
    if approval is None:
        return Distrust(f"it has not been approved{_ignored(environ)}", _APPROVE)
    if approval.digest != digest_of(content.raw):
        return Distrust("it has changed since it was approved", _APPROVE)
    return None


def _exposure(file: Path, content: FileContent) -> Distrust | None:
    """The reason why a file can never be trusted in its place: another user can change it."""
    found = exposure_of_file(file, content.status)
    if found is None:
        return None
    return Distrust(found.reason, f"Correct that with: {found.remedy}", final=True)


def _trusted_folders(environ: Mapping[str, str]) -> set[Path]:
    """The folders of `$MODELWIRE_TRUST`, without those below them."""
    return {Path(name).resolve() for name in _named(environ) if Path(name).is_absolute()}


def _ignored(environ: Mapping[str, str]) -> str:
    """A note about relative folders, which would match in every working directory."""
    if all(Path(name).is_absolute() for name in _named(environ)):
        return ""
    return f", and a relative path in {TRUST_VARIABLE} is ignored"


def _named(environ: Mapping[str, str]) -> list[str]:
    written = environ.get(TRUST_VARIABLE, "").split(os.pathsep)
    return [str(user_path(name.strip())) for name in written if name.strip()]
