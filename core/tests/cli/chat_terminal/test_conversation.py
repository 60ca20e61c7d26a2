"""`modelwire chat` in a real terminal: asking, failing, paying, resuming, calling tools."""

import json
import re
import stat

from session_files import messages, sessions
from terminal import CTRL_D

LOCKED = """
    from modelwire.events import *
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.messages import StopReason

    @hookimpl
    def detect_credentials(config):
        return CredentialStatus(
            "unusable", reason="LOCKED_KEY is not set.", hint="Export LOCKED_KEY."
        )

    @hookimpl
    async def stream_completion(model):
        yield Diagnostic("dropped", {"path": "options.reasoning", "reason": "It does not think."})
        yield TextDelta(0, "unlocked")
        yield Stop(StopReason.STOP)
"""


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
    (path,) = sessions(program.home)
    assert [m["role"] for m in messages(path)] == ["user", "assistant"] * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"modelwire chat --resume {path.stem.partition('_')[2][:8]}" in terminal.text


def test_a_failing_provider_is_reported_and_can_be_called_again(chat, program):
    (program.folder / "quick.json5").write_text("{}")
    terminal = chat("--config", "quick.json5")
    terminal.ready()
    terminal.type("fail")
    terminal.until("Error: The model is busy.")
    terminal.until("Hint: Wait a little.")
    terminal.ready(2)
    (program.folder / "healed").touch()
    terminal.type("/retry")
    terminal.until("priced was told 1: Text 'fail'")
    terminal.ready(3)
    (path,) = sessions(program.home)
    user, failed, answer = [json.loads(x) for x in path.read_text().splitlines()][-3:]
    assert failed["message"]["stopReason"] == "error"
    assert failed["parentId"] == answer["parentId"] == user["id"]


def test_a_wrong_command_or_model_is_reported_and_nothing_is_sent(chat):
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


def test_the_cost_by_model_and_in_all_is_reported(chat, program):
    assert program.run("models", "list", "--provider", "talker").returncode == 0
    terminal = chat()
    terminal.ready()
    terminal.type("one")
    terminal.ready(2)
    terminal.type("/model talker/free")
    terminal.ready(3)
    terminal.type("two")
    terminal.ready(4)
    terminal.type("/model talker/priced")
    terminal.ready(5)
    terminal.type("three")
    terminal.ready(6)
    terminal.type("/cost")
    text = terminal.until("not included in the total")
    rows = [line.split() for line in text.splitlines() if line.startswith(("talker/", "Total"))]
    assert rows[-3:] == [
        ["talker/priced", "20", "40", "0", "0.000100"],
        ["talker/free", "10", "20", "0", "unknown"],
        ["Total", "30", "60", "0", "0.000100"],
    ]
    assert "The price of 1 answer is unknown" in text


def held_elsewhere(program):
    """A session that was held with a model that cannot be asked here."""
    user = {"role": "user", "content": "A secret", "timestamp": 1}
    answer = {"role": "assistant", "content": "Hm.", "provider": "absent", "model": "x"}
    lines = [
        {"type": "session", "id": "abc", "timestamp": "2024-12-03T14:00:00.000Z", "cwd": "/"},
        {"type": "message", "timestamp": "2024-12-03T14:00:01.000Z", "message": user},
        {"type": "message", "timestamp": "2024-12-03T14:00:02.000Z", "message": answer},
    ]
    (program.folder / "talk.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    program.configure({"agents": {"defaults": {"model": "talker/priced"}}})


def test_another_model_gets_a_conversation_only_after_a_yes(chat, program):
    held_elsewhere(program)
    terminal = chat("--session", "talk.jsonl", model=None)
    terminal.until("The conversation was held with absent/x.")
    terminal.ready()
    terminal.type("go on")
    terminal.until("Send the conversation to talker/priced? [y]es, [N]o:")
    terminal.type("n")
    terminal.until("Nothing was sent. /model chooses another model.")
    assert len(messages(program.folder / "talk.jsonl")) == 2
    terminal.ready(2)
    terminal.type("/retry")
    terminal.until("Send the conversation to talker/priced?", times=2)
    terminal.type("")
    terminal.until("Nothing was sent.", times=2)
    terminal.ready(3)
    terminal.type("go on")
    terminal.until("Send the conversation to talker/priced?", times=3)
    terminal.type("y")
    terminal.until("priced was told 3: Text 'go on'")
    terminal.ready(4)
    terminal.type("again")
    terminal.until("priced was told 5: Text 'again'")


def test_a_model_that_is_chosen_gets_the_conversation_without_a_question(chat, program):
    held_elsewhere(program)
    terminal = chat("--session", "talk.jsonl", model=None)
    terminal.until("The conversation was held with absent/x.")
    terminal.ready()
    terminal.type("/model talker/free")
    terminal.ready(2)
    terminal.type("go on")
    assert "Send the conversation" not in terminal.until("free was told 3: Text 'go on'")


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
    assert len(sessions(program.home)) == 1


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


def test_the_prompt_of_the_command_line_is_shown_before_its_answer(chat):
    terminal = chat("hello\x1b[2J")
    terminal.ready(2)
    lines = [line.rstrip() for line in terminal.text.splitlines()]
    asked = lines.index("> hello\\x1b[2J")
    assert any(line.startswith("priced was told 1") for line in lines[asked + 1 :])


def test_missing_credentials_are_said_when_a_model_is_chosen(chat, site):
    site.provider("locked", LOCKED)
    terminal = chat()
    terminal.ready()
    terminal.type("/model locked/x")
    terminal.until("locked/x answers from now on.")
    terminal.until("locked has no usable credentials: LOCKED_KEY is not set. Export LOCKED_KEY.")
    terminal.ready(2)
    terminal.type("/model talker/free")
    terminal.ready(3)
    assert terminal.text.count("no usable credentials") == 1


def test_an_option_that_the_model_does_not_take_is_said_once(chat, site):
    site.provider("locked", LOCKED)
    terminal = chat("--reasoning", "high", model="locked/x")
    terminal.ready()
    for number in (1, 2):
        terminal.type("hi")
        terminal.until("unlocked", times=number)
        terminal.ready(1 + number)
    assert terminal.text.count("Not sent to locked/x: --reasoning (It does not think).") == 1
