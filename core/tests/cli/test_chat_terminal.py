"""`modelwire chat` in a real terminal: typing, streaming, stopping, resizing, resuming."""

import json
import re
import stat

import pytest
from terminal import ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, ENTER, TAB, UP, Terminal

# Says what it was told, and does what its id or the prompt asks for.
TALKER = r"""
    import asyncio
    from pathlib import Path

    from modelwire import errors
    from modelwire.events import *
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.messages import StopReason, Text, Usage
    from modelwire.models import Model, Prices

    @hookimpl
    def detect_credentials(config):
        return CredentialStatus("usable")

    @hookimpl
    async def discover_models(provider):
        return [Model(provider.id, "priced", prices=Prices(1.0, 2.0)), Model(provider.id, "free")]

    def said(message):
        return "".join(block.text for block in message.content if isinstance(block, Text))

    @hookimpl
    async def stream_completion(model, context, config):
        last = context.messages[-1]
        text = said(last)
        yield UsageReport(Usage(10, 20))
        if text == "fail" and not Path("healed").exists():
            raise errors.Overloaded("The model is busy.", hint="Wait a little.")
        if text == "call":
            yield ToolCallStart(0, "c1", "shout")
            yield ArgumentsDelta(0, '{"word": "hey\\u001b[31m"}')
            yield BlockEnd(0)
            yield Stop(StopReason.TOOL_USE)
            return
        if text.startswith("think"):
            yield ThinkingDelta(0, "let me see")
            if text != "think on":
                yield BlockEnd(0)
        if text.startswith("markdown "):
            for word in text.removeprefix("markdown ").replace("|", "\n").split(" "):
                yield TextDelta(1, word + " ")
                await asyncio.sleep(0)
        elif text == "long":
            items = "".join(f"1. item{n} " + "of several words " * n + "\n" for n in range(30))
            code = "".join(f"code{n} = {n}\n" for n in range(80))
            for piece in (items + "\n```py\n" + code + "```\n").splitlines(keepends=True):
                yield TextDelta(1, piece)
                await asyncio.sleep(0.005)
        elif text.startswith("drip"):
            for number in range(60):
                yield TextDelta(1, f"drop{number} ")
                await asyncio.sleep(0.01)
            while not Path("go").exists():
                await asyncio.sleep(0.01)
            yield TextDelta(1, "and out.")
        else:
            count = len(context.messages)
            kinds = " ".join(type(block).__name__ for block in last.content)
            yield TextDelta(1, f"{model.id} was told {count}: {kinds} {text!r}")
            if context.system_prompt:
                yield TextDelta(1, f" under {context.system_prompt!r}")
        yield BlockEnd(1)
        yield Stop(StopReason.STOP)
"""


@pytest.fixture
def chat(program, site):
    site.install("talker", {"providers": {"talker": ""}}, TALKER)
    opened = []

    def start(*arguments, model="talker/priced", columns=80, rows=24, **environ):
        terminal = Terminal(
            [*program.command, "chat", *(("-m", model) if model else ()), *arguments],
            columns=columns,
            rows=rows,
            cwd=program.folder,
            env={**program.environ, "TERM": "xterm-256color", **environ},
        )
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()


def sessions(program):
    return sorted((program.folder / "home/.local/state/modelwire/sessions").glob("*.jsonl"))


def messages(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line["message"] for line in lines if line["type"] == "message"]


def test_a_conversation_is_typed_answered_and_kept(chat, program):
    terminal = chat()
    terminal.ready()
    terminal.type("hello")
    terminal.until("priced was told 1: Text 'hello'")
    terminal.ready(2)
    terminal.type("and again")
    terminal.until("priced was told 3: Text 'and again'")
    terminal.ready(3)
    terminal.press(CTRL_D)
    assert terminal.ended() == 0
    (path,) = sessions(program)
    assert [m["role"] for m in messages(path)] == ["user", "assistant"] * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"modelwire chat --resume {path.stem.partition('_')[2][:8]}" in terminal.text


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


def test_ctrl_c_stops_the_answer_and_not_the_program(chat, program):
    terminal = chat()
    terminal.ready()
    terminal.type("drip")
    terminal.until("drop5")
    terminal.press(CTRL_C)
    terminal.until("Stopped.")
    terminal.ready(2)
    assert "drop5" in terminal.text
    terminal.type("next")
    terminal.until("priced was told 2: Text 'next'")
    terminal.ready(3)
    (path,) = sessions(program)
    assert [m.get("stopReason") for m in messages(path)] == [None, "aborted", None, "stop"]
    assert "drop5" in messages(path)[1]["content"][0]["text"]


def test_ctrl_c_does_not_wait_for_what_nothing_can_stop(chat):
    terminal = chat(model="actor/stuck")
    terminal.ready()
    terminal.type("hello")
    terminal.until("You said:")
    terminal.press(CTRL_C)
    terminal.until("Stopped.")
    terminal.ready(2)
    terminal.press(CTRL_D)
    assert terminal.ended() == 0


def test_ctrl_c_at_the_prompt_warns_and_ctrl_d_leaves(chat):
    terminal = chat()
    terminal.ready()
    terminal.press(CTRL_C)
    terminal.until("To leave, press Ctrl-D")
    terminal.press("half a line")
    terminal.until("half a line")
    terminal.press(CTRL_C)
    terminal.ready(3)
    assert terminal.text.count("To leave") == 1
    terminal.press(CTRL_D)
    assert terminal.ended() == 0


def test_enter_sends_and_alt_enter_and_ctrl_j_begin_a_line(chat):
    terminal = chat()
    terminal.ready()
    terminal.press("one")
    terminal.press(ALT_ENTER)
    terminal.press("two")
    terminal.until("two")
    terminal.press(CTRL_J)
    terminal.press("three")
    terminal.until("three")
    terminal.press(ENTER)
    terminal.until(r"'one\ntwo\nthree'")


def test_a_paste_keeps_its_lines_and_is_not_sent(chat):
    terminal = chat()
    terminal.ready()
    terminal.paste("/exit\r\nsecond\rthird\n")
    terminal.until("third")
    assert "was told" not in terminal.text
    terminal.press("end")
    terminal.until("end")
    terminal.press(ENTER)
    terminal.until("told 1")
    assert re.search(r"'/exit\\nsecond\\nthird\\nend'", terminal.text.replace("\n", ""))


def test_a_paste_in_a_terminal_that_does_not_mark_it_sends_nothing_halfway(chat):
    terminal = chat()
    terminal.ready()
    terminal.press("first\rsecond\rthird")
    terminal.until("third")
    assert "was told" not in terminal.text
    terminal.press(ENTER)
    terminal.until(r"'first\nsecond\nthird'")


def test_what_is_typed_during_an_answer_waits_for_the_prompt(chat, program):
    terminal = chat()
    terminal.ready()
    terminal.type("drip")
    terminal.until("drop59")
    terminal.press("typed ahead")
    (program.folder / "go").touch()
    terminal.until("and out.")
    terminal.until("> typed ahead")
    assert terminal.text.count("typed ahead") == 1


def test_a_failing_provider_is_told_and_can_be_asked_again(chat, program):
    terminal = chat("--config", "quick.json5")
    (program.folder / "quick.json5").write_text("{}")
    terminal.ready()
    terminal.type("fail")
    terminal.until("Error: The model is busy.")
    terminal.until("Hint: Wait a little.")
    terminal.ready(2)
    (program.folder / "healed").touch()
    terminal.type("/retry")
    terminal.until("priced was told 1: Text 'fail'")
    terminal.ready(3)
    (path,) = sessions(program)
    user, failed, answer = [json.loads(x) for x in path.read_text().splitlines()][-3:]
    assert failed["message"]["stopReason"] == "error"
    assert failed["parentId"] == answer["parentId"] == user["id"]


def test_slash_commands_are_completed_and_names_of_models_too(chat, program):
    assert program.run("models", "list", "--provider", "talker").returncode == 0
    terminal = chat()
    terminal.ready()
    terminal.press("/mo")
    terminal.press(TAB)
    terminal.until("> /model")
    terminal.press("fr")
    terminal.press(TAB)
    terminal.until("talker/free")
    terminal.press(ENTER)
    terminal.until("talker/free answers from here on.")
    terminal.ready(2)
    terminal.type("hi")
    terminal.until("free was told 1")


def test_a_wrong_command_or_model_is_told_and_nothing_is_sent(chat):
    terminal = chat()
    terminal.ready()
    terminal.type("/modle x")
    terminal.until("There is no command /modle. Did you mean /model?")
    terminal.ready(2)
    terminal.type("/model nobody/x")
    terminal.until("Error: ")
    terminal.ready(3)
    terminal.type("/etc/hosts")
    terminal.until("priced was told 1: Text '/etc/hosts'")


def test_the_cost_of_each_answer_and_of_all_is_told(chat, program):
    assert program.run("models", "list", "--provider", "talker").returncode == 0
    terminal = chat()
    terminal.ready()
    terminal.type("one")
    terminal.ready(2)
    terminal.type("/model talker/free")
    terminal.ready(3)
    terminal.type("two")
    terminal.ready(4)
    terminal.type("/cost")
    text = terminal.until("not in the total")
    rows = [line.split() for line in text.splitlines() if line.startswith(("talker/", "Total"))]
    assert rows[-3:] == [
        ["talker/priced", "10", "20", "0", "0.000050"],
        ["talker/free", "10", "20", "0", "unknown"],
        ["Total", "20", "40", "0", "0.000050"],
    ]
    assert "The price of 1 answer is not known" in text


def test_a_session_is_resumed_by_its_id_and_as_the_last_one(chat, program):
    first = chat("-s", "Be kind", "hello")
    first.ready(1)
    first.press(CTRL_D)
    assert first.ended() == 0
    name = re.search(r"--resume (\w+)", first.text)[1]
    second = chat("--resume", name, model=None)
    text = second.ready()
    assert "2 messages" in text
    assert "priced was told 1: Text 'hello' under 'Be kind'" in text
    second.type("again")
    second.until("priced was told 3: Text 'again' under 'Be kind'")
    second.ready(2)
    second.press(CTRL_D)
    assert second.ended() == 0
    third = chat("--continue", model=None)
    third.until("4 messages")
    assert len(sessions(program)) == 1


def test_a_session_is_chosen_from_a_list(chat, program):
    for word in ("older", "newer"):
        terminal = chat(word)
        terminal.ready()
        terminal.press(CTRL_D)
        assert terminal.ended() == 0
    terminal = chat("--resume", model=None)
    text = terminal.until("Which?")
    assert [re.search("older|newer", x)[0] for x in text.splitlines()[:2]] == ["newer", "older"]
    terminal.press("2\r")
    terminal.until("priced was told 1: Text 'older'")


def test_what_was_typed_is_recalled_later_but_no_key_is_written_down(chat, program):
    secret = "sk-" + "a1B2" * 8
    first = chat()
    first.ready()
    first.type("remember me")
    first.ready(2)
    first.type(f"my key is {secret}")
    first.ready(3)
    first.press(UP)
    first.until(f"> my key is {secret}", times=2)
    first.close()
    path = program.folder / "home/.local/state/modelwire/chat-history"
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = chat()
    second.ready()
    second.press(UP)
    second.until("> remember me")


def test_tools_are_shown_and_asked_for(chat, program):
    (program.folder / "tools.py").write_text(
        'def shout(word: str) -> str:\n    """Shout."""\n    return word.upper()\n'
    )
    terminal = chat("--tools", "tools.py")
    terminal.ready()
    terminal.type("call")
    text = terminal.until("Run it?")
    assert "shout(word=" in text
    assert "\x1b[31m" not in text
    terminal.press("n\r")
    terminal.until("not allowed")
    terminal.until("The user declined this call")
    terminal.ready(2)
    terminal.type("call")
    terminal.until("Run it?", times=2)
    terminal.press("a\r")
    terminal.until("HEY")
    terminal.ready(3)
    terminal.type("call")
    terminal.ready(4)
    assert terminal.text.count("Run it?") == 2


def test_ctrl_c_at_a_question_stops_and_the_conversation_goes_on(chat, program):
    (program.folder / "tools.py").write_text("def shout(word: str) -> str:\n    return word\n")
    terminal = chat("--tools", "tools.py")
    terminal.ready()
    terminal.type("call")
    terminal.until("Run it?")
    terminal.press(CTRL_C)
    terminal.ready(2)
    terminal.type("go on")
    terminal.until("Text 'go on'")
    (path,) = sessions(program)
    roles = [m["role"] for m in messages(path)]
    assert roles[:4] == ["user", "assistant", "toolResult", "user"]


def test_files_go_with_the_next_prompt(chat, program):
    (program.folder / "note.txt").write_text("remember")
    (program.folder / "dot.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 20)
    terminal = chat()
    terminal.ready()
    terminal.type("/image missing.png")
    terminal.until("Error: ")
    terminal.ready(2)
    terminal.type("/image dot.png")
    terminal.until("dot.png goes with the next prompt")
    terminal.ready(3)
    terminal.type("look")
    terminal.until("told 1: Image Text 'look'")
    terminal.ready(4)
    terminal.type("more")
    terminal.until("told 3: Text 'more'")


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
