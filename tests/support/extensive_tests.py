"""The marker of the tests that take long by nature: `make test-extensive` runs them, `make test` the others.

`@pytest.mark.extensive(reason)` is for a test, a file (`pytestmark`) or a value of a parameter. The reason
says why the test takes long, and is demanded, since a test without the marker runs after every change.
Without `-m`, pytest runs both kinds.
"""

import ast
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest
from _pytest.mark.structures import ParameterSet

T = TypeVar("T")

NAME = "extensive"

_DESCRIPTION = (
    f"{NAME}(reason): takes long by nature, as the reason says; "
    "`make test-extensive` runs it, `make test` does not"
)


def partly_extensive(
    values: Iterable[T],
    extensive: Callable[[T], bool],
    reason: str,
    name: Callable[[T], str] | None = None,
) -> list[ParameterSet]:
    """The values of a parameter, of which some are for the extensive tests only.

    Args:
        values: All of them.
        extensive: Whether a value is for the extensive tests only.
        reason: Why that is enough.
        name: The name of a value in the name of its test; without it, pytest finds one.
    """
    mark = getattr(pytest.mark, NAME)(reason)
    return [
        pytest.param(value, marks=[mark] if extensive(value) else [], id=name and name(value))
        for value in values
    ]


def is_extensive(file: Path) -> bool:
    """Whether a file marks all its tests."""
    text = file.read_text(encoding="utf-8")
    if "\npytestmark" not in text or f"mark.{NAME}" not in text:
        return False
    return any(
        isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "pytestmark"
        and f"mark.{NAME}" in ast.unparse(node.value)
        for node in ast.parse(text).body
    )


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


def pytest_ignore_collect(collection_path, config):
    """Do not import a file of which no test is chosen; what it imports may take seconds."""
    chosen = config.option.markexpr
    if chosen == f"not {NAME}" and collection_path.suffix == ".py":
        return is_extensive(collection_path) or None
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    if found := unexplained(items):
        raise pytest.UsageError(
            f'Give a reason, @pytest.mark.{NAME}("..."): ' + ", ".join(found[:10])
        )
