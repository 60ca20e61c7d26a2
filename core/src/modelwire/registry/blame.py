"""Attribution of exceptions: the package in whose code one arose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile

__all__ = ["CORE", "package_at_fault"]

CORE = "modelwire"
"""The core, as a package that may be at fault."""


def package_at_fault(
    error: BaseException, modules: Mapping[str, str], owner: str, *, core: bool = True
) -> str:
    """Find the package whose code was the last to be called before an exception arose.

    Code that belongs neither to a plugin nor to the core, as that of a library, counts as its caller's.
    The core also calls the plugins, wrappers before owners, so its code counts only where a plugin
    has called it.

    Args:
        error: The exception, with its traceback.
        modules: The modules of plugins that entry points name, each with its package.
        owner: The package to name where no plugin's code is found.
        core: Whether the core itself may be named.
    """
    import traceback

    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    in_core = False
    for frame in reversed(frames):
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] == CORE:
            in_core = True
            continue
        found = _package_of(name, modules, owner)
        if found is not None:
            return CORE if in_core and core else found
    return owner


def _package_of(name: str, modules: Mapping[str, str], owner: str) -> str | None:
    """The package of a module: that of the module with the longest common prefix.

    Packages may share the first part of their names; where no more is shared, none is chosen
    but the owner.
    """
    shared: dict[str, int] = {}
    for module, package in modules.items():
        length = _shared_parts(name, module)
        shared[package] = max(shared.get(package, 0), length)
    longest = max(shared.values(), default=0)
    if not longest:
        return None
    nearest = [package for package, length in shared.items() if length == longest]
    if len(nearest) == 1:
        return nearest[0]
    return owner if owner in nearest else None


def _shared_parts(one: str, other: str) -> int:
    pairs: Iterable[tuple[str, str]] = zip(one.split("."), other.split("."), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
