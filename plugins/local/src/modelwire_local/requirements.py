"""Requirements of the engine, checked without importing it."""

from __future__ import annotations

import importlib.util
import platform
import sysconfig
from importlib import metadata

from attrs import frozen

from modelwire.errors import PluginError
from modelwire_local.processor import missing_features

__all__ = ["Obstacle", "engine_version", "find_obstacle", "import_engine"]

_WHEELS = {
    "linux": ("x86_64", "aarch64"),
    "darwin": ("x86_64", "arm64"),
    "windows": ("amd64", "x86_64"),
}
_GOMP_HINT = (
    "Install it: `apt-get install libgomp1`, `dnf install libgomp` or `zypper in libgomp1`."
)


@frozen
class Obstacle:
    """Why the engine cannot run.

    Attributes:
        reason: What is missing, in one sentence.
        hint: What to do about it.
    """

    reason: str
    hint: str


def engine_version() -> str | None:
    """The version of the engine that is installed, or `None`."""
    try:
        return metadata.version("xllamacpp")
    except metadata.PackageNotFoundError:
        return None


def find_obstacle() -> Obstacle | None:
    """The reason why the engine cannot run, or `None` if none is known.

    It looks at the processor's flags and at what is installed; it imports nothing.
    """
    missing = missing_features()
    if missing:
        return Obstacle(
            f"This processor lacks {', '.join(missing)}, which the engine xllamacpp uses.",
            "Use a machine with AVX2 (Intel since 2013, AMD since 2015), or build xllamacpp "
            "from source for this one.",
        )
    if importlib.util.find_spec("xllamacpp") is not None:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    musl = "musl" in (sysconfig.get_config_var("SOABI") or "")
    if musl or machine not in _WHEELS.get(system, ()):
        place = f"{system} with musl" if musl else f"{system} on {machine}"
        return Obstacle(
            f"The engine xllamacpp is not installed, and has no wheel for {place}.",
            "Use Linux with glibc on x86-64 or ARM64, macOS, or Windows on x86-64; or build "
            "xllamacpp from source.",
        )
    return Obstacle("The engine xllamacpp is not installed.", "Run `pip install xllamacpp`.")


def import_engine() -> None:
    """Import the engine, after making sure that this cannot end the process.

    Raises:
        PluginError: It is not installed, cannot be loaded, or the processor cannot run it.
    """
    obstacle = find_obstacle()
    if obstacle is not None:
        raise PluginError(obstacle.reason, hint=obstacle.hint)
    try:
        import xllamacpp  # noqa: F401 - the engine is loaded when it is used
    except (ImportError, OSError) as error:
        raise describe_import_failure(error) from error


def describe_import_failure(error: Exception) -> PluginError:
    """Put the failed import of an installed engine into words."""
    if "libgomp" in str(error):
        msg = "The engine xllamacpp needs the system library libgomp.so.1, which is not installed."
        return PluginError(msg, hint=_GOMP_HINT)
    msg = f"The engine xllamacpp is installed but cannot be loaded: {error}."
    return PluginError(msg, hint="Run `pip install --force-reinstall xllamacpp`.")
