"""Text is escaped where it is printed, and styles are put around it there."""

import io
import os
import pty
from pathlib import Path

import pytest
from direct_output import direct_output
from hostile_text import HOSTILE, obeyed
from hypothesis import given
from hypothesis import strategies as st

import modelwire
from modelwire.cli.output import draw, echo, echo_answer, echo_json
from modelwire.cli.styled import StyledText, joined, style
from modelwire.cli.terminal_guard import GuardedStream, guarded, unguarded
from modelwire.cli.text import printable_lines, wrapped

CLI = Path(modelwire.__file__).parent / "cli"
OWN = ("output.py", "terminal_guard.py")
PIECES = st.lists(
    st.tuples(st.text("ab \n\x1b\u202e日", max_size=9), st.sampled_from([None, "red", "cyan"]))
)


class Screen:
    """One end of a pseudo-terminal as a stream, and what was written to it."""

    def __init__(self, encoding="utf-8"):
        self._ours, theirs = pty.openpty()
        self.stream = os.fdopen(theirs, "w", encoding=encoding, errors="backslashreplace")

    def written(self):
        self.stream.flush()
        os.write(self.stream.fileno(), b"\x05")
        data = b""
        while not data.endswith(b"\x05"):
            data += os.read(self._ours, 65536)
        return data[:-1].replace(b"\r\n", b"\n")

    def close(self):
        self.stream.close()
        os.close(self._ours)


@pytest.fixture
def screen():
    screen = Screen()
    yield screen
    screen.close()


def test_nothing_else_in_the_command_line_prints():
    files = [
        path
        for path in sorted(CLI.rglob("*.py"))
        if path.name not in OWN and "template" not in path.parts
    ]
    assert len(files) > 70
    assert [place for path in files for place in direct_output(path)] == []


@pytest.mark.parametrize(
    "code",
    [
        "import click\nclick.echo('x')",
        "from click import secho",
        "print('x')",
        "import sys\nsys.stdout.write('x')",
        "import sys\nout = sys.stderr.buffer",
        "text = '\\x1b[1m'",
        "import os\nos.write(1, b'x')",
    ],
)
def test_whatever_prints_by_itself_is_found(tmp_path, code):
    (tmp_path / "code.py").write_text(code)
    assert len(list(direct_output(tmp_path / "code.py"))) == 1


def test_text_is_escaped_and_styles_are_not(screen):
    echo(style(HOSTILE, "red", bold=True), " and ", HOSTILE, out=screen.stream)
    written = screen.written()
    assert obeyed(written) == []
    assert written.startswith(b"\x1b[31m\x1b[1mh\\x1b]52;c;ZXZpbA==\\x07")
    assert b"me\x1b[0m and h\\x1b]" in written


def test_into_a_pipe_go_no_styles_and_no_control_characters():
    out = io.StringIO()
    echo(style(HOSTILE, "red"), out=out)
    assert obeyed(out.getvalue().encode()) == []
    assert "\x1b" not in out.getvalue()


def test_an_answer_goes_into_a_pipe_as_it_is_and_to_a_terminal_escaped(screen):
    out = io.StringIO()
    echo_answer(HOSTILE, out=out)
    assert out.getvalue() == HOSTILE
    echo_answer(f"{HOSTILE} שלום\u200f!", nl=True, out=screen.stream)
    written = screen.written()
    assert obeyed(written) == []
    assert "שלום\u200f!" in written.decode()


def test_json_is_escaped_as_json(screen):
    echo_json({HOSTILE: HOSTILE}, out=screen.stream)
    assert obeyed(screen.written()) == []


def test_no_colour_is_written_where_none_is_wanted(screen, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    echo(style("text", "red", dim=True), out=screen.stream)
    assert screen.written() == b"text\n"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_what_anybody_else_writes_to_a_terminal_is_escaped(encoding):
    screen = Screen(encoding)
    stream = guarded(screen.stream)
    assert isinstance(stream, GuardedStream)
    print(HOSTILE, "\x1b[31mred\x1b[0m", file=stream, flush=True)
    written = screen.written()
    assert obeyed(written.decode(encoding if encoding == "latin-1" else "utf-8").encode()) == []
    assert b"h\\x1b]52" in written
    assert written.endswith(b" red\n")
    stream.detach()
    screen.close()


def test_modelwire_s_own_styles_pass_the_guard(screen):
    stream = guarded(screen.stream)
    echo(style("ok", "green"), out=stream)
    draw(stream, "drawn")
    assert screen.written() == b"\x1b[32mok\x1b[0m\ndrawn"
    assert unguarded(stream) is screen.stream
    assert (stream.fileno(), stream.isatty()) == (screen.stream.fileno(), True)
    stream.detach()


def test_what_is_no_terminal_needs_no_guard(tmp_path):
    with (tmp_path / "file").open("w") as file:
        assert guarded(file) is file
        assert unguarded(file) is file
    assert guarded(None) is None


def styled(pieces):
    return joined("", [style(text, colour) for text, colour in pieces])


@given(PIECES, st.integers(0, 30), st.integers(0, 30))
def test_a_part_of_a_styled_text_is_that_part_of_the_text(pieces, begin, end):
    assert str(styled(pieces).part(begin, end)) == str(styled(pieces))[begin : max(end, begin)]


@given(PIECES)
def test_the_lines_of_a_styled_text_are_those_of_the_text(pieces):
    assert [str(line) for line in styled(pieces).lines()] == str(styled(pieces)).split("\n")
    assert str(joined("\n", styled(pieces).lines())) == str(styled(pieces))


def test_styles_stay_with_their_text_when_it_is_put_together():
    text = "a " + style("b", "red") + " c"
    assert text == StyledText((("a ", ()), ("b", ("31",)), (" c", ())))
    assert f"{text}" == "a b c"


@given(PIECES, st.integers(16, 40))
def test_a_wrapped_text_has_all_its_words_in_their_styles(pieces, columns):
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    with os.fdopen(theirs, "w") as stream, os.fdopen(ours, "rb"):
        shown = wrapped(styled(pieces), stream)
    assert str(shown).split() == printable_lines(str(styled(pieces))).split()
    for line in str(shown).split("\n"):
        assert len(line) <= columns or " " not in line.strip() or "日" in line
