"""The lists of `modelwire setup`, filtered as one types, in a real terminal."""

import json
import re
import sys

import json5
import pytest
from hostile_text import HOSTILE, shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import CTRL_C, CTRL_D, ENTER, UP, Terminal

from modelwire.cli.setup.list_entries import ListEntry, matching, numbered

DOWN, PAGE_DOWN = "\x1b[B", "\x1b[6~"

GUIDE = """
    from modelwire.hookspecs import Question, SetupGuide

    GUIDE = SetupGuide(
        "An actor",
        "actor",
        questions=lambda provider, environ: [],
        settings=lambda provider, answers, environ: {
            ("models", "providers", provider, "region"): "north"
        },
    )
"""
LONG = [f"eu.acme.a-model-with-a-long-name-{n}-20260101-v1:0" for n in range(30)]
MODELS = [
    *({"id": f"small-{n}"} for n in range(20)),
    {"id": "big-a"},
    {"id": "big-b", "name": "The Nova of Acme"},
    {"id": "big-b-2"},
]


@pytest.fixture
def setup(program, site):
    site.install("actor-guide", {"setup": {"actor": "actor_guide_plugin:GUIDE"}}, GUIDE)
    opened = []

    def start(models=MODELS, arguments=("--provider", "actor"), columns=80, rows=24, **environ):
        program.configure({"models": {"providers": {"actor": {"models": list(models)}}}})
        terminal = Terminal(
            [*program.command, "setup", *arguments],
            columns=columns,
            rows=rows,
            cwd=program.folder,
            env={**program.environ, "ACTOR_KEY": "k", "TERM": "xterm-256color", **environ},
        )
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()


def current(terminal):
    """The text of the row that Enter takes."""
    rows = [line for line in terminal.screen.display if line.startswith(">")]
    assert len(rows) == 1, terminal.text
    return re.sub(r"^> *([0-9]+  )?", "", rows[0]).rstrip()


def shown(terminal):
    """The number of models that are left, as the last line tells."""
    return re.findall(r"(\d+)/\d+  type to filter", "\n".join(terminal.screen.display))[-1:]


def press(terminal, keys, until):
    terminal.press(keys)
    terminal.until(until)


def primary(program):
    text = (program.folder / "modelwire.json5").read_text()
    return json5.loads(text)["agents"]["defaults"]["model"]["primary"]


def test_typing_leaves_the_models_that_have_every_word_in_id_or_name(program, setup):
    terminal = setup()
    terminal.until("24/24")
    press(terminal, "BIG", lambda _: shown(terminal) == ["3"])
    assert current(terminal) == "big-a"
    press(terminal, " acme", lambda _: shown(terminal) == ["1"])
    assert current(terminal) == "big-b  The Nova of Acme"
    press(terminal, "\x7f" * 5, lambda _: shown(terminal) == ["3"])
    press(terminal, DOWN + DOWN + UP, lambda _: current(terminal).startswith("big-b  "))
    press(terminal, ENTER, "actor/big-b answers in")
    press(terminal, "y\r", "Written: ")
    assert terminal.ended() == 0
    assert primary(program) == "actor/big-b"
    assert "Model: big-b\n" in terminal.text
    assert "type to filter" not in terminal.text  # the list is gone
    assert not any(line.startswith(">") for line in terminal.lines)


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ("", "small-0"),
        ("21", "big-a"),  # a number, as shown before the models
        ("big-b", "big-b"),  # an id, though another one begins with it
        ("unlisted-3", "unlisted-3"),
        ("big" + DOWN * 9, "big"),  # below the models is what was typed
        (PAGE_DOWN * 9, "found"),  # the last one, which the service lists
    ],
)
def test_enter_takes_a_number_an_id_and_what_is_in_no_list(setup, keys, chosen):
    terminal = setup()
    terminal.until("24/24")
    press(terminal, keys + ENTER, f"actor/{chosen} answers in")
    terminal.until("Write it?")
    terminal.press("n\r")
    assert terminal.ended() == 1


@pytest.mark.parametrize("keys", [CTRL_C, CTRL_D, f"big{CTRL_C}"])
def test_ctrl_c_and_ctrl_d_end_it_and_write_nothing(program, setup, keys):
    terminal = setup()
    terminal.until("24/24")
    before = (program.folder / "modelwire.json5").read_text()
    terminal.press(keys)
    assert terminal.ended() == 130
    assert "Traceback" not in terminal.text
    assert "type to filter" not in terminal.text
    assert (program.folder / "modelwire.json5").read_text() == before


def test_ctrl_d_in_what_was_typed_ends_nothing(setup):
    terminal = setup()
    terminal.until("24/24")
    press(terminal, "bigx", lambda _: shown(terminal) == ["0"])
    press(terminal, f"\x1b[D{CTRL_D}", lambda _: shown(terminal) == ["3"])
    assert current(terminal) == "big-a"


@pytest.mark.parametrize("rows", [6, 24])
def test_long_ids_are_whole_in_a_narrow_terminal(setup, rows):
    terminal = setup([{"id": name} for name in LONG], columns=40, rows=rows)
    terminal.until("31/31  type to filter, arrows, Enter")
    press(terminal, "name-17", lambda _: shown(terminal) == ["1"])
    on_screen = "".join(line.strip() for line in terminal.screen.display)
    assert LONG[17] in on_screen
    press(terminal, ENTER, "answers in")
    assert f"Model: {LONG[17]}" in "".join(terminal.lines)


def test_a_resized_terminal_shows_the_list_once(setup):
    terminal = setup()
    terminal.until("24/24")
    terminal.resize(60, 20)
    press(terminal, "small-1", lambda _: shown(terminal) == ["11"])
    press(terminal, "9", lambda _: shown(terminal) == ["1"])
    assert current(terminal) == "small-19"


@pytest.mark.parametrize(("environ", "styles"), [({}, {"0", "0;7"}), ({"NO_COLOR": "1"}, {"0"})])
def test_the_row_is_marked_also_without_colours(setup, environ, styles):
    terminal = setup(**environ)
    terminal.until("24/24")
    assert set(re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw)) == {s.encode() for s in styles}
    assert current(terminal)


def test_what_is_typed_before_the_list_is_there_answers_it_and_what_follows(program, setup):
    terminal = setup()
    terminal.press("big-a\ry\r")
    assert terminal.ended() == 0
    assert primary(program) == "actor/big-a"


def test_a_long_menu_of_providers_is_filtered_too(site, setup):
    for n in range(14):
        guide = GUIDE.replace('"An actor"', f'"Service {n} of Acme"').replace('"actor"', f'"s{n}"')
        site.install(f"s{n}-guide", {"setup": {f"s{n}": f"s{n}_guide_plugin:GUIDE"}}, guide)
    terminal = setup(arguments=("--no-test",))
    terminal.until("type to filter")
    press(terminal, "nothing has this", lambda _: shown(terminal) == ["0"])
    terminal.press(ENTER)  # does nothing: only what is listed can be chosen
    press(terminal, "\x15acme 13", lambda _: shown(terminal) == ["1"])
    assert current(terminal) == "Service 13 of Acme"
    press(terminal, ENTER, "Provider: Service 13 of Acme")


CHOOSE = """
import json, os
from modelwire.cli.setup.list_entries import ListEntry
from modelwire.cli.setup.list_question import choose
choose("Model", [ListEntry(*pair) for pair in json.loads(os.environ["PAIRS"])])
"""


def arriving(program, pairs, typed):
    """The shapes of the sequences that arrive at a terminal while an entry is chosen."""
    terminal = Terminal(
        [sys.executable, "-c", CHOOSE],
        cwd=program.folder,
        env={**program.environ, "TERM": "xterm", "PAIRS": json.dumps(pairs)},
    )
    try:
        terminal.until("2/2  type to filter")
        press(terminal, DOWN, lambda _: current(terminal).startswith("last"))
        press(terminal, UP, lambda _: not current(terminal).startswith("last"))
        terminal.paste(typed)
        terminal.until(lambda _: shown(terminal) == ["0"])
        terminal.press(ENTER)
        assert terminal.ended() == 0
    finally:
        terminal.close()
    return shapes(terminal.raw)


def test_names_and_what_is_pasted_do_not_control_the_terminal(program):
    """The sequences that arrive are those of a list in which nothing is hostile."""
    tame = "x" * len(HOSTILE.encode("unicode_escape"))
    usual = arriving(program, [(tame, tame), ("last", "")], "y" * 200)
    seen = arriving(program, [(HOSTILE, HOSTILE), ("last", "")], "z\x9b2J\x1b]52;c;ZXZpbA==\x07z")
    assert seen - usual == set()


WORDS = st.text("ab1- ", max_size=6)


@settings(deadline=None)
@given(st.lists(st.builds(ListEntry, WORDS, WORDS), max_size=12), WORDS)
def test_what_matches_has_every_word_and_nothing_that_has_them_is_left_out(entries, typed):
    found = matching(entries, typed)
    assert len(set(found)) == len(found)
    having = {
        at
        for at, entry in enumerate(entries)
        if all(word in f"{entry.text} {entry.title}" for word in typed.split())
    }
    assert set(found) == having
    same = [at for at, entry in enumerate(entries) if entry.text == typed.strip()]
    assert found[: len(same)] == same


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(-3, 310))
def test_a_number_means_the_entry_that_it_is_shown_with(count, number):
    expected = number - 1 if 1 <= number <= count else None
    assert numbered(f" {number} ", count) == expected
    assert numbered("9" * 9000, count) is None
