"""Judging: a rule is kept, or the test says in words what was expected."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["check", "fail"]


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
