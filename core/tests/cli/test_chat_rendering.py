"""How a chat draws what is still arriving, what it counts, and what it does not write down."""

import os
import pty
import struct
import termios
from fcntl import ioctl

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from modelwire.cli.chat.costs import AnswerCost, cost_lines
from modelwire.cli.chat.live_lines import ChangingLines, breaks_long_lines
from modelwire.cli.chat.markdown import render_block, split_blocks
from modelwire.cli.chat.slash import parse_command
from modelwire.cli.styled import style
from modelwire.messages import Cost, Usage

PIECES = (
    *("# Head\n", "word ", "**bold", "** ", "`", "```py\n", "```\n", "\n", "\n\n", "- item\n"),
    *("1. one\n", "  more\n", "> quote\n", "| a | b |\n", "| - | - |\n", "---\n", "<b>", "[x]"),
    *("[x]: http://a.b\n", "\u2028", "é", "    code\n", "===\n"),
)
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(MARKDOWN)
def test_the_blocks_together_are_the_text(source):
    blocks = split_blocks(source)
    assert "".join(block.source for block in blocks) == source


@settings(max_examples=60)
@given(MARKDOWN, st.integers(0, 40))
def test_a_finished_block_is_not_changed_by_what_comes_later(source, cut):
    finished = split_blocks(source[:cut])[:-1]
    # Only the two blocks at the seam may still grow together.
    assert split_blocks(source)[: max(len(finished) - 1, 0)] == finished[:-1]


@given(MARKDOWN, st.sampled_from([20, 79]))
def test_no_line_is_wider_than_the_window_and_none_around_is_empty(source, width):
    for block in split_blocks(source):
        lines = [str(line) for line in render_block(block, width, color=True)]
        assert all(cell_len(line) <= width for line in lines)
        assert not lines or (lines[0] and lines[-1])


def shown(source):
    lines = []
    for block in split_blocks(source):
        gap = [""] if lines and not block.joined else []
        lines += [*gap, *map(str, render_block(block, 79, color=False))]
    return lines


def test_items_of_a_list_are_blocks_of_their_own_with_their_numbers():
    assert shown("1. one\n1. two\n   - inner\n\n1. three\n\nend") == [
        *(" 1 one", " 2 two", "    • inner", " 3 three", "", "end"),
    ]
    assert [block.number for block in split_blocks("9. a\n9. b\n", number=4)] == [4, 5]
    assert shown("- one\n\n- two\n* other") == [" • one", " • two", "", " • other"]


def test_what_is_no_markdown_is_shown_as_it_was_written():
    assert shown("<b>x</b> [1]") == ["<b>x</b> [1]"]
    assert shown("[1]: http://a.b") == ["[1]: http://a.b"]
    assert shown(":smile: [link](http://a.b)") == [":smile: link (http://a.b)"]


class Window:
    """A terminal's window, and the lines that a program keeps changing in it."""

    def __init__(self, columns, rows):
        self.ours, self.theirs = pty.openpty()
        self.stream = os.fdopen(self.theirs, "w")
        self.screen = pyte.HistoryScreen(columns, rows, history=1000, ratio=0.5)
        self.size(columns, rows)
        self.lines = ChangingLines(self.stream)
        self._feed = pyte.ByteStream(self.screen).feed

    def size(self, columns, rows):
        ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def text(self):
        """All lines, and how many bytes were written since it was asked for last."""
        self.stream.write("\x05")  # answered by nobody, so that there is something to read
        self.stream.flush()
        data = b""
        while not data.endswith(b"\x05"):
            data += os.read(self.ours, 65536)
        self._feed(data)
        above = ["".join(line[x].data for x in range(200)) for line in self.screen.history.top]
        lines = [line.rstrip() for line in (*above, *self.screen.display)]
        while lines and not lines[-1]:
            lines.pop()
        return lines, len(data) - 1

    def close(self):
        self.stream.close()
        os.close(self.ours)


LINES = st.lists(st.sampled_from(["one", "two", "three", "", "x" * 29]), max_size=14)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 14), LINES), min_size=1, max_size=6))
def test_the_window_shows_the_last_lines_whatever_was_shown_before(steps):
    window = Window(30, 8)
    try:
        window.stream.write("before\r\n")
        shown = []
        final = 0
        for keep, rest in steps:
            shown = [*shown[: max(keep, final)], *rest]
            window.lines.show(shown)
            final = max(final, len(shown) - 7)
        window.lines.settle()
        window.stream.write("after\r\n")
        lines, _ = window.text()
        assert lines == ["before", *shown, "after"]
    finally:
        window.close()


def test_only_lines_that_differ_are_written():
    window = Window(80, 24)
    long = [f"line {n} " + "x" * 60 for n in range(10)]
    window.lines.show(long)
    window.text()
    window.lines.show(long)
    assert window.text()[1] == 0
    window.lines.show([*long, "more"])
    assert window.text()[1] < 40
    window.close()


@pytest.mark.parametrize(("columns", "rows"), [(60, 10), (20, 10), (40, 24), (40, 4)])
def test_a_changed_window_in_which_the_lines_fit_shows_them_once(columns, rows):
    window = Window(40, 10)
    window.lines.show([style("one", bold=True), "x" * 20])
    window.text()
    window.size(columns, rows)
    window.lines.show(["two", "x" * 18, "three"])
    window.lines.settle()
    assert window.text()[0] == ["two", "x" * 18, "three"]
    window.close()


@pytest.mark.parametrize(("columns", "rows"), [(19, 10), (40, 2)])
def test_a_window_that_is_too_small_now_shows_them_once_too(columns, rows):
    window = Window(40, 10)
    window.stream.write("before\r\n")
    window.lines.show(["one", "x" * 20])
    window.size(columns, rows)
    window.lines.show(["one", "x" * 18, "x" * 2])
    window.lines.settle()
    assert window.text()[0] == ["before", "one", "x" * 18, "x" * 2]
    window.close()


@pytest.mark.parametrize(
    ("environ", "breaks"),
    [
        ({}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"VTE_VERSION": "7600"}, True),
        ({"VTE_VERSION": "7600", "STY": "1.pts-0.host"}, False),
    ],
)
def test_terminals_that_break_long_lines_are_known_by_their_variables(environ, breaks):
    assert breaks_long_lines(environ) is breaks


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/help", ("help", "")),
        (" /Model  a/b ", ("model", "a/b")),
        ("/system Be\nkind", ("system", "Be\nkind")),
        ("/exit\nplease", None),
        ("/etc/hosts is what?", None),
        ("//help", None),
        ("/ ", None),
        ("help", None),
    ],
)
def test_a_command_is_one_word_of_letters_on_one_line(text, command):
    assert parse_command(text) == command


def test_costs_are_summed_and_what_is_not_known_is_said():
    known = AnswerCost("a/x", Usage(1000, 20, 5, 1, cost=Cost(0.5, 0.25)), kept=True)
    unknown = AnswerCost("a/y", Usage(1, 2), kept=True)
    untold = AnswerCost("a/z", Usage(), kept=False)
    assert [line.split() for line in cost_lines([known])] == [
        ["Model", "In", "Out", "Cached", "USD"],
        ["a/x", "1,000", "20", "6", "0.7500"],
        ["Total", "1,000", "20", "6", "0.7500"],
    ]
    mixed = cost_lines([known, unknown, untold])
    assert mixed[3].split() == ["Total", "1,001", "22", "6", "0.7500"]
    assert mixed[4:] == [
        "The price of 1 answer is unknown and not included in the total.",
        "The provider did not report the usage of 1 answer.",
    ]
    assert cost_lines([unknown])[2].split()[-1] == "unknown"
    assert cost_lines([]) == ["Nothing is known to be used."]
    assert cost_lines([untold])[0] == "Nothing is known to be used."
