"""What keys do in `modelwire chat`: typing, pasting, completing, recalling, stopping."""

import re
import stat

from session_files import messages, sessions
from terminal import ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, ENTER, TAB, UP


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
    (path,) = sessions(program.home)
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
    terminal.ready(2)
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


def test_enter_that_is_typed_during_an_answer_sends_the_next_prompt(chat, program):
    terminal = chat()
    terminal.ready()
    terminal.type("drip")
    terminal.until("drop59")
    terminal.press("next")
    terminal.press(ENTER)
    (program.folder / "go").touch()
    terminal.until("was told 3: Text 'next'")


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
    terminal.until("talker/free answers from now on.")
    terminal.ready(2)
    terminal.type("hi")
    terminal.until("free was told 1")


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
    path = program.home / ".local/state/modelwire/chat-history"
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = chat()
    second.ready()
    second.press(UP)
    second.until("> remember me")


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
    (path,) = sessions(program.home)
    roles = [m["role"] for m in messages(path)]
    assert roles[:4] == ["user", "assistant", "toolResult", "user"]
