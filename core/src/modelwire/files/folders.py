"""The folder of modelwire's persistent state: sessions, approvals, input history."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from modelwire.files.replace import user_path

__all__ = ["default_state_directory"]


def default_state_directory(environ: Mapping[str, str] | None = None) -> Path:
    """`$MODELWIRE_STATE_DIR`, or modelwire's folder in the user's state folder."""
    environ = os.environ if environ is None else environ
    named = environ.get("MODELWIRE_STATE_DIR", "").strip()
    if named:
        return user_path(named)
    from platformdirs import user_state_path

    return user_state_path("modelwire", appauthor=False)
