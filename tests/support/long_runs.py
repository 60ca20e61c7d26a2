"""The one switch between a bounded run and a long one: `pytest --long`, or `MODELWIRE_LONG=1`.

A test that can run longer asks `scaled(short, long)` how much it shall do. In a long run no test has
a time limit of its own.
"""

import os
from typing import TypeVar

import pytest

T = TypeVar("T")

_VARIABLE = "MODELWIRE_LONG"


def is_long() -> bool:
    """Whether this is a long run."""
    return os.environ.get(_VARIABLE, "") not in ("", "0")


def scaled(short: T, long: T) -> T:
    """What to use in a bounded run, and what in a long one."""
    return long if is_long() else short


def pytest_addoption(parser):
    parser.addoption(
        "--long",
        action="store_true",
        help=f"let fuzzing, load and random cancellation run for minutes (or set {_VARIABLE}=1)",
    )


def pytest_configure(config):
    if config.getoption("--long"):
        # Modules read it when they are collected, and so do the programs that tests start.
        os.environ[_VARIABLE] = "1"


def pytest_collection_modifyitems(items):
    if is_long():
        for item in items:
            item.add_marker(pytest.mark.timeout(0))
