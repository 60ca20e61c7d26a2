"""The collected tests, out of the garbage collector's sight.

Ten thousand tests, and all modules that they import, are more than a million objects, which live as long
as the process. A collection that looks at all of them takes a second, and many tests ask for one. Each
collection here looks at what is younger than the file of the test.
"""

import gc

import pytest


def freeze() -> None:
    """Collect all garbage, and let later collections look at younger objects only."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


_FILE = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if item.session.stash.get(_FILE, None) != item.path:
        item.session.stash[_FILE] = item.path
        freeze()
