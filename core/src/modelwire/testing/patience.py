"""How long the kit waits before it takes something for stuck."""

from __future__ import annotations

__all__ = ["DEFAULT", "be_patient", "patience"]

DEFAULT = 10.0

_seconds = [DEFAULT]


def patience() -> float:
    """Seconds after which something is stuck; only what is broken waits so long."""
    return _seconds[0]


def be_patient(seconds: float) -> None:
    """Set it for this process; slow machines want more."""
    _seconds[0] = seconds
