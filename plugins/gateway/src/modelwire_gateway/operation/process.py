"""The process of the gateway: how many connections it may have, and how memory is collected."""

from __future__ import annotations

import gc
import sys
from typing import Final

__all__ = ["allow_connections", "spare_collections"]

_YOUNG: Final = 10_000
"""New objects after which cycles among them are looked for."""


def allow_connections() -> None:
    """Raise the process's limit on open files to the permitted maximum.

    Each stream takes two connections, and the usual limit of 1,024 files is there for programs that
    cannot count higher.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            # macOS reports no hard limit, and refuses what is above its own.
            return


def spare_collections() -> None:
    """Leave what is loaded out of the collections of garbage, and have fewer of them.

    Requests leave few cycles behind; walking over all modules to find them takes a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
