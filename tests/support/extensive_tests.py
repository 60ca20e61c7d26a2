"""The marker of the tests that take long by nature: `make test-extensive` runs them, `make test` the others.

`@pytest.mark.extensive(reason)` is for a test, a file (`pytestmark`) or a value of a parameter. The reason
says why the test takes long, and is demanded, since a test without the marker runs after every change.
Without `-m`, pytest runs both kinds.
"""

from collections.abc import Iterable, Iterator

import pytest

NAME = "extensive"

_DESCRIPTION = (
    f"{NAME}(reason): takes long by nature, as the reason says; "
    "`make test-extensive` runs it, `make test` does not"
)


def extensive_after(
    first: int, values: Iterable[object], reason: str, ids: Iterable[str] | None = None
) -> Iterator[object]:
    """The values of a parameter, of which all but the first few are for the extensive tests only."""
    names = None if ids is None else iter(ids)
    for number, value in enumerate(values):
        marks = [getattr(pytest.mark, NAME)(reason)] if number >= first else []
        yield pytest.param(value, marks=marks, id=None if names is None else next(names))


def unexplained(items: Iterable[pytest.Item]) -> list[str]:
    """The tests whose marker has no reason."""
    return sorted(
        {item.nodeid for item in items for marker in item.iter_markers(NAME) if not _reason(marker)}
    )


def _reason(marker: pytest.Mark) -> str:
    match (marker.args, marker.kwargs):
        case ((str(reason),), {}) | ((), {"reason": str(reason)}):
            return reason.strip()
    return ""


def pytest_configure(config):
    config.addinivalue_line("markers", _DESCRIPTION)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    if found := unexplained(items):
        raise pytest.UsageError(
            f'Give a reason, @pytest.mark.{NAME}("..."): ' + ", ".join(found[:10])
        )
