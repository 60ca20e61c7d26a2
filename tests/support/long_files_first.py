"""The files that take longest begin first where several processes share the tests.

A process takes a whole file, so a long one that begins last leaves the others with nothing to do. A file
that takes long says so: a test in it has a time limit of its own. Among the others, more tests count as
longer. pytest-xdist keeps this order with `--no-loadscope-reorder`.
"""

from collections.abc import Iterable
from itertools import groupby

import pytest


def long_files_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests with whole files in order: those with the highest time limit, then with most tests."""
    files = [list(file) for _, file in groupby(items, lambda item: item.path)]
    files.sort(key=lambda file: (-max(map(_limit, file)), -len(file)))
    return [item for file in files for item in file]


def _limit(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    if marker is None:
        return 0
    return marker.args[0] if marker.args else marker.kwargs.get("timeout", 0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        items[:] = long_files_first(items)
