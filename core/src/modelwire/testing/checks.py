"""Checks: a rule holds, or the test fails with the expectation in words."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["DEFAULT", "be_patient", "check", "fail", "patience"]


def check(kept: object, rule: str) -> None:
    """Fail with `rule` unless it is kept.

    Raises:
        AssertionError: It is not.
    """
    __tracebackhide__ = True
    if not kept:
        fail(rule)


def fail(rule: str) -> NoReturn:
    """Fail with `rule`."""
    __tracebackhide__ = True
    raise AssertionError(rule)


DEFAULT = 10.0

_seconds = [DEFAULT]


def patience() -> float:
    """Seconds after which something is stuck; only what is broken waits so long."""
    return _seconds[0]


def be_patient(seconds: float) -> None:
    """Set it for this process; slow machines want more."""
    _seconds[0] = seconds
