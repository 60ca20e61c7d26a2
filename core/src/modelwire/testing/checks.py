"""Checks: a rule holds, or the test fails with the expectation in words."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["DEFAULT", "be_patient", "check", "fail", "patience"]


def check(kept: object, rule: str, *, found: str = "") -> None:
    """Fail unless a rule is kept.

    Args:
        kept: Whether it is.
        rule: The rule, as a statement that should be true.
        found: What is the case instead, which the failure says first.

    Raises:
        AssertionError: It is not.
    """
    __tracebackhide__ = True
    if not kept:
        fail(rule if found else f"not kept: {rule}", found=found)


def fail(rule: str, *, found: str = "") -> NoReturn:
    """Fail with what was found, and then with the rule.

    Without what was found the sentence itself says what is wrong.
    """
    __tracebackhide__ = True
    raise AssertionError(f"{found}; expected: {rule}" if found else rule)


DEFAULT = 10.0

_seconds = [DEFAULT]


def patience() -> float:
    """Seconds after which something is stuck; only what is broken waits so long."""
    return _seconds[0]


def be_patient(seconds: float) -> None:
    """Set it for this process; slow machines want more."""
    _seconds[0] = seconds
