"""What `modelwire chat` draws: Markdown, wide and narrow, coloured and plain, and nothing twice."""

import re

from terminal import CTRL_D, ENTER, Terminal


def test_markdown_is_rendered_and_finished_blocks_stay(chat):
    terminal = chat()
    terminal.ready()
    terminal.type("markdown # Head||Some **bold** and `code`||- one|- two||<b>raw</b>")
    terminal.ready(2)
    bold = terminal.screen.buffer[next(i for i, x in enumerate(terminal.lines) if "Some bold" in x)]
    assert bold[5].bold
    text = terminal.text
    shown = text[text.rindex("raw</b>\n", 0, text.index("Head\n")) :]
    assert "\n • one\n • two\n\n<b>raw</b>" in shown
    assert "Some bold and code" in shown
    assert "**" not in shown


def test_nothing_that_was_finished_is_written_again(chat, program):
    terminal = chat()
    terminal.ready()
    paragraphs = "||".join(f"paragraph{n} of several words" for n in range(30))
    terminal.type(f"markdown {paragraphs}")
    terminal.ready(2)
    answer = terminal.raw[terminal.raw.rindex(b"\x1b[?2004l") :] or terminal.raw
    assert terminal.text.count("paragraph29 of several words") == 2  # typed and answered
    assert answer.count(b"paragraph0 ") <= 3


def test_what_is_longer_than_the_window_is_whole(chat):
    terminal = chat(columns=60, rows=12)
    terminal.ready()
    terminal.type("long")
    text = " ".join(terminal.ready(2).split())
    for number in range(30):
        assert f" {number + 1} item{number} {'of several words ' * number}" in text
    assert " ".join(f"code{number} = {number}" for number in range(80)) in text


def test_a_narrow_window_is_not_overrun(chat):
    terminal = chat(columns=30, rows=10)
    terminal.ready()
    terminal.type("markdown " + "word " * 12 + "||- item " + "and " * 10)
    terminal.ready(2)
    answer = terminal.text[terminal.text.index("• item") :]
    assert all(len(line) <= 29 for line in answer.splitlines())


def test_after_a_resize_the_rest_of_the_answer_is_whole(chat, program):
    terminal = chat(columns=80)
    terminal.ready()
    terminal.type("drip")
    terminal.until("drop40")
    terminal.resize(40, 20)
    terminal.until("drop59")
    (program.folder / "go").touch()
    terminal.until("and out.")
    terminal.until(lambda _: terminal.lines[-1] == ">")
    answer = " ".join(terminal.text.split())
    assert " ".join(f"drop{n}" for n in range(60)) in answer


def test_after_a_resize_nothing_is_left_of_the_block_before(chat, program):
    """The window cuts off long lines; test_tmux.py has one that breaks them."""
    terminal = chat(columns=80, rows=30)
    terminal.ready()
    terminal.type("drip")
    terminal.until("drop59")
    terminal.resize(40, 30)
    (program.folder / "go").touch()
    terminal.until("and out.")
    terminal.until(lambda _: terminal.lines[-1] == ">")
    answer = " ".join(terminal.text.split())
    assert " ".join(["> drip", *(f"drop{n}" for n in range(60)), "and out. >"]) in answer
    assert answer.count("drop1 ") == answer.count("drop59 ") == 1


def test_without_colour_there_is_none(chat):
    terminal = chat(NO_COLOR="1")
    terminal.ready()
    terminal.type("markdown # Head||`code` and **bold**||```py|x = 1|```")
    terminal.ready(2)
    codes = re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw)
    assert not {c for c in codes if re.search(rb"(^|;)(3[0-7]|4[0-7]|9[0-7]|38|48)", c)}


def test_what_a_model_says_cannot_steer_the_terminal(chat):
    terminal = chat()
    terminal.ready()
    terminal.paste("markdown a\x1b]0;owned\x07b\x1b[2Jc")
    terminal.press(ENTER)
    terminal.ready(2)
    assert b"\x1b]0;owned" not in terminal.raw
    assert terminal.screen.title != "owned"


def test_thinking_is_shown_apart_from_the_answer(chat):
    terminal = chat()
    terminal.ready()
    for number, prompt in enumerate(("think hard", "think on"), 1):
        terminal.type(prompt)
        terminal.until(f"Text '{prompt}'")
        terminal.ready(number + 1)
        lines = terminal.lines
        at = lines.index("let me see", lines.index(f"> {prompt}"))
        assert lines[at + 1] == ""
        assert lines[at + 2].startswith("priced was told")


def test_plain_answers_are_not_rendered(chat):
    terminal = chat("--plain")
    terminal.ready()
    terminal.type("markdown **bold** it is")
    terminal.until("**bold** it is", times=2)


def test_answers_may_go_into_a_pipe_while_prompts_are_typed(chat, program):
    line = f"{program.command[0]} chat -m talker/priced > answers"
    terminal = Terminal(
        ["/bin/bash", "-c", line],
        cwd=program.folder,
        env={**program.environ, "TERM": "xterm-256color"},
    )
    terminal.ready()
    terminal.type("markdown **bold**")
    terminal.ready(2)
    terminal.press(CTRL_D)
    assert terminal.ended() == 0
    assert (program.folder / "answers").read_bytes() == b"**bold** \n"
