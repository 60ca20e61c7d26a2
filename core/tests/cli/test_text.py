"""Text for a terminal: what could steer it is escaped, columns stand below each other."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modelwire.cli.text import align, escaped_json, printable, printable_lines, printable_prose

CELLS = st.text(alphabet=st.sampled_from("ab 日本é👩\x1b\u202e\n\ud800"), max_size=12)
TABLES = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1)
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("日本 é", "日本 é"),
        ("\x1b[31m\a\r\n", r"\x1b[31m\x07\r\n"),
        ("\u202eevil", r"\u202eevil"),
        ("\ud800", r"\ud800"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("全角\u3000空白, 5\xa0€, 1\u202f000", "全角\u3000空白, 5\xa0€, 1\u202f000"),
        ("newer than this Python: \U0001ff00", "newer than this Python: \U0001ff00"),
        ("\x9b1m\x7f\u2028", r"\x9b1m\x7f\u2028"),
    ],
)
def test_what_could_steer_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize("escaped", [printable_lines, printable_prose])
def test_text_of_several_lines_keeps_its_lines(escaped):
    assert escaped("a\x1b[2J\x9b1mb\r\n\tc\x07é\u200d") == "a\\x1b[2J\\x9b1mb\n\tc\\x07é\u200d"


def test_only_prose_keeps_its_marks_of_direction():
    assert printable_prose("שלום\u200f!\u202e") == "שלום\u200f!\\u202e"
    assert printable_lines("שלום\u200f!\u202e") == "שלום\\u200f!\\u202e"


@given(st.text())
def test_json_steers_no_terminal_and_means_the_same(text):
    written = escaped_json(json.dumps({"a": [text]}, indent=1, ensure_ascii=False))
    assert json.loads(written) == {"a": [text]}
    assert printable_lines(written) == written
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", written)


@given(TABLES)
def test_columns_stand_below_each_other(table):
    lines = list(align([[*cells, "|"] for cells in table]))
    assert len({cell_len(line) for line in lines}) == 1
    assert len(lines) == len(table)


@given(TABLES, st.integers(60, 120))
def test_lines_keep_to_the_room_and_nothing_is_lost(table, room):
    lines = list(align(table, usual=[20], room=room))
    shown = "\n".join(lines)
    assert all(printable(cell).rstrip() in shown for cells in table for cell in cells)
    cells = [cell_len(printable(cell)) for row in table for cell in row]
    if max(cells) * len(table[0]) < room - 2:
        assert max(map(cell_len, lines)) <= room


def test_a_usual_width_is_given_up_before_lines_are_broken():
    table = [["ab", "c"], ["abcd", "e"]]
    assert list(align(table, usual=[8])) == ["ab       c", "abcd     e"]
    assert list(align(table, usual=[8], room=7)) == ["ab   c", "abcd e"]
