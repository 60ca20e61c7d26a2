"""The table in `acceptance.md` is complete, and every proof that it names exists."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("acceptance.md")
REPOSITORY = Path(__file__).parents[3]
NUMBERS = {
    "Acceptance rows": [*range(1, 98), *range(169, 180)],
    "Cases that the reference fails or leaves open": [*range(1, 17)],
    "Seen on the wire": [*range(1, 14)],
}
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_ROW = re.compile(r"\| (\d+) \| (.+?) \| (.+) \|")
_TEST = re.compile(r"`([\w/.-]+\.py)::([\w:]+)`")


def rows():
    """The rows of each section: number, behaviour, proof."""
    found = {}
    section = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("## "):
            section = found[line.removeprefix("## ")] = []
        elif match := _ROW.fullmatch(line):
            section.append((int(match[1]), match[2], match[3]))
        else:
            assert not line.startswith("|") or line.startswith(("| # |", "| ---")), (
                f"{TABLE.name} has a row that cannot be read: {line}"
            )
    return found


ROWS = rows()


def names_in(body, prefix=""):
    """The names of the tests in a module or class, those in a class with its name before them."""
    for node in body:
        name = f"{prefix}{getattr(node, 'name', '')}"
        if isinstance(node, ast.ClassDef):
            yield from names_in(node.body, f"{name}::")
        elif isinstance(node, _FUNCTION) and node.name.startswith("test_"):
            yield name


@cache
def names_of(path):
    file = REPOSITORY / path
    return frozenset(names_in(ast.parse(file.read_text()).body)) if file.is_file() else None


@pytest.mark.parametrize("section", NUMBERS)
def test_every_row_is_there_exactly_once(section):
    assert section in ROWS, f"{TABLE.name} has no section {section!r}"
    counted = Counter(number for number, _, _ in ROWS[section])
    expected = Counter(NUMBERS[section])
    missing, extra = expected - counted, counted - expected
    assert not missing, f"{section}: rows {sorted(missing)} are missing"
    assert not extra, f"{section}: rows {sorted(extra)} are there too often or do not exist"


def test_there_is_no_other_section():
    assert list(ROWS) == list(NUMBERS)


@pytest.mark.parametrize(
    ("section", "number", "proof"),
    [
        pytest.param(section, number, proof, id=f"{section.split()[0].lower()}-{number}")
        for section, found in ROWS.items()
        for number, _, proof in found
    ],
)
def test_every_row_has_a_test_that_exists_or_a_reason(section, number, proof):
    *named, last = proof.split("<br>")
    reason = last.removeprefix("reason:").strip() if last.startswith("reason:") else None
    if reason is None:
        named.append(last)
    else:
        assert len(reason.split()) > 5, f"{section}, row {number}: that is no reason"
    for text in named:
        match = _TEST.fullmatch(text)
        assert match, f"{section}, row {number}: {text!r} is neither `path::test` nor a reason"
        tests = names_of(match[1])
        assert tests is not None, f"{section}, row {number}: there is no file {match[1]}"
        assert match[2] in tests, f"{section}, row {number}: {match[1]} has no {match[2]}"
