"""Checks: a rule holds, or the test fails with the expectation in words."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["DEFAULT", "be_patient", "check", "fail", "patience"]


def check(kept: object, rule: str, *, found: str = "") -> None:
    """Fail unless a rule holds.

    Args:
        kept: Whether it holds.
        rule: The rule, as a statement that should be true.
        found: The actual state, which the failure message begins with.

    Raises:
        AssertionError: The rule does not hold.
    """
    __tracebackhide__ = True
    if not kept:
        fail(rule if found else f"not kept: {rule}", found=found)


def fail(rule: str, *, found: str = "") -> NoReturn:
    """Fail with what was found, and then with the rule.

    Without a finding, the sentence itself names the mistake.
    """
    __tracebackhide__ = True
    raise AssertionError(f"{found}; expected: {rule}" if found else rule)


DEFAULT = 10.0

_seconds = [DEFAULT]


def patience() -> float:
    """Seconds after which something counts as stuck; only broken code waits so long."""
    return _seconds[0]


def be_patient(seconds: float) -> None:
    """Set it for this process; slow machines need more."""
    _seconds[0] = seconds
