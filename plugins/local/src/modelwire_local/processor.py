"""Processor requirements of the engine.

The engine's wheels for x86-64 use AVX2 without asking. Where it is missing the import still works,
and the first call ends the process with an illegal instruction; so it is looked up beforehand.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

__all__ = ["missing_features", "read_flags"]

NEEDED = ("avx2", "bmi2", "f16c", "fma")

_CPUINFO = Path("/proc/cpuinfo")
_WINDOWS_AVX2 = 40  # PF_AVX2_INSTRUCTIONS_AVAILABLE in winnt.h


def missing_features() -> tuple[str, ...]:
    """The processor features that the engine needs and that are not there; empty if all are.

    Also empty where they cannot be read, and on processors that are not x86-64.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return ()
    flags = _flags()
    return () if flags is None else tuple(name for name in NEEDED if name not in flags)


def read_flags(cpuinfo: str) -> frozenset[str] | None:
    """The flags of the first processor in the text of `/proc/cpuinfo`."""
    for line in cpuinfo.splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == "flags":
            return frozenset(value.split())
    return None


def _flags() -> frozenset[str] | None:
    if sys.platform == "win32":
        return _windows_flags()
    if sys.platform == "darwin":
        return _macos_flags()
    try:
        return read_flags(_CPUINFO.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def _macos_flags() -> frozenset[str] | None:
    import ctypes

    libc = ctypes.CDLL(None)
    found = set()
    for name, key in zip(NEEDED, ("avx2_0", "bmi2", "f16c", "fma"), strict=True):
        value = ctypes.c_int(0)
        size = ctypes.c_size_t(ctypes.sizeof(value))
        path = f"hw.optional.{key}".encode()
        failed = libc.sysctlbyname(path, ctypes.byref(value), ctypes.byref(size), None, 0)
        if not failed and value.value:
            found.add(name)
    return frozenset(found)


def _windows_flags() -> frozenset[str] | None:
    if sys.platform == "win32":
        import ctypes

        # Windows names no other feature; every processor with AVX2 has the other three.
        if ctypes.windll.kernel32.IsProcessorFeaturePresent(_WINDOWS_AVX2):
            return frozenset(NEEDED)
        return frozenset()
    return None
