"""The user's approvals of configuration files in working directories.

They are kept as `trusted.json` in modelwire's state folder, readable by the user only. An approval
holds for one file, by its path with all links resolved, and for its content, by a SHA-256: changed
content is not approved. There is one approval for each file, the latest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

from modelwire.config.file import locked_config, replace_config
from modelwire.errors import ConfigError
from modelwire.files import (
    default_state_directory,
    exposure_of_file,
    read_file,
)

__all__ = ["ApprovedFile", "approvals_path", "approve", "digest_of", "read_approvals", "revoke"]

_FORMAT = 1
_WHAT = "The list of approvals"


@frozen
class ApprovedFile:
    """The user's approval of one configuration file.

    Attributes:
        path: The file, with all links resolved.
        digest: The SHA-256 of its content, in hexadecimal.
        at: The time of the approval, as ISO 8601 in UTC.
    """

    path: Path
    digest: str
    at: str


_ApprovedFiles: TypeAlias = dict[Path, ApprovedFile]


def digest_of(raw: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    import hashlib  # most files need no approval

    return hashlib.sha256(raw).hexdigest()


def approvals_path(environ: Mapping[str, str] | None = None) -> Path:
    """The file of the approvals.

    Raises:
        ConfigError: The state folder has a relative path, which would differ in every
            working directory.
    """
    folder = default_state_directory(environ)
    if not folder.is_absolute():
        msg = f"Approvals are not kept in {folder}, which is a relative path."
        raise ConfigError(msg, hint="Set MODELWIRE_STATE_DIR to an absolute path, or unset it.")
    return folder / "trusted.json"


def read_approvals(environ: Mapping[str, str] | None = None) -> dict[Path, ApprovedFile]:
    """Read the approvals, by file.

    Args:
        environ: The environment variables, for `$MODELWIRE_STATE_DIR`; by default the process's.

    Raises:
        ConfigError: They cannot be read, or another user could have written them.
    """
    place = approvals_path(environ)
    try:
        content = read_file(place.resolve(), "approvals")
    except FileNotFoundError:
        return {}
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        msg = f"The approvals in {place} cannot be read: {reason}."
        raise ConfigError(msg, hint="Correct or remove that file.") from error
    exposure = exposure_of_file(place.resolve(), content.status)
    if exposure is not None:
        msg = f"The approvals in {place} are not used: {exposure.reason}."
        raise ConfigError(msg, hint=f"Correct it: {exposure.remedy}")
    try:
        return _parse(json.loads(content.raw))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        msg = f"The approvals in {place} are damaged."
        raise ConfigError(msg, hint="Remove that file, and approve again.") from error


def approve(path: Path, raw: bytes, environ: Mapping[str, str] | None = None) -> ApprovedFile:
    """Approve a file with this content, in place of an earlier approval of it.

    Args:
        path: The file; links are resolved.
        raw: Its content, as the user has seen it.
        environ: As for `read_approvals`.

    Raises:
        ConfigError: The approvals cannot be read or written.
    """
    made = ApprovedFile(
        path.resolve(), digest_of(raw), datetime.now(UTC).isoformat(timespec="seconds")
    )
    _change(environ, lambda known: {**known, made.path: made})
    return made


def revoke(path: Path, environ: Mapping[str, str] | None = None) -> bool:
    """Remove the approval of a file; return whether there was one.

    Raises:
        ConfigError: As for `approve`.
    """
    wanted = path.resolve()
    if wanted not in read_approvals(environ):
        return False
    _change(environ, lambda known: {name: item for name, item in known.items() if name != wanted})
    return True


def _change(
    environ: Mapping[str, str] | None, change: Callable[[_ApprovedFiles], _ApprovedFiles]
) -> None:
    target = approvals_path(environ).resolve()
    with locked_config(target, _WHAT):
        kept = change(read_approvals(environ))
        files = [
            {"path": os.fspath(item.path), "sha256": item.digest, "at": item.at}
            for item in kept.values()
        ]
        text = json.dumps({"format": _FORMAT, "files": files}, indent=2)
        replace_config(target, f"{text}\n".encode(), _WHAT)


def _parse(data: Any) -> dict[Path, ApprovedFile]:
    if data["format"] != _FORMAT:
        msg = f"the format {data['format']} is not known"
        raise ValueError(msg)
    items = (
        ApprovedFile(Path(_text(item, "path")), _text(item, "sha256"), _text(item, "at"))
        for item in data["files"]
    )
    return {item.path: item for item in items}


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item[key]
    if not isinstance(value, str):
        raise TypeError(value)
    return value
