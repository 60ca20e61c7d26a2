"""Files: read within limits, replaced atomically, and checked for other users' write access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.files.folders import default_state_directory
    from modelwire.files.permissions import (
        Exposure,
        belongs_to_another,
        exposure_of_file,
        exposure_of_folder,
        warn_of_exposed_folder,
    )
    from modelwire.files.read import SIZE_LIMITS, FileContent, FileKind, open_file, read_file
    from modelwire.files.replace import (
        OWNER_ONLY,
        append_text,
        locked,
        replace_file,
        replace_unlocked,
        user_path,
    )

__all__ = [
    "OWNER_ONLY",
    "SIZE_LIMITS",
    "Exposure",
    "FileContent",
    "FileKind",
    "append_text",
    "belongs_to_another",
    "default_state_directory",
    "exposure_of_file",
    "exposure_of_folder",
    "locked",
    "open_file",
    "read_file",
    "replace_file",
    "replace_unlocked",
    "user_path",
    "warn_of_exposed_folder",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "folders": ("default_state_directory",),
        "permissions": (
            "Exposure",
            "belongs_to_another",
            "exposure_of_file",
            "exposure_of_folder",
            "warn_of_exposed_folder",
        ),
        "read": ("SIZE_LIMITS", "FileContent", "FileKind", "open_file", "read_file"),
        "replace": (
            "OWNER_ONLY",
            "append_text",
            "locked",
            "replace_file",
            "replace_unlocked",
            "user_path",
        ),
    },
)
