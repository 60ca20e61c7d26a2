"""Text for a terminal: what could steer it is escaped, columns stand below each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modelwire.cli.cells import align, printable

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
    ],
)
def test_what_could_steer_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown


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
