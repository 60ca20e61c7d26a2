"""Tools from a Python file in `modelwire complete`: shown, asked for, run, answered."""

import json
import signal
import subprocess

import pexpect
import pytest

from modelwire.cli.complete import complete
from modelwire.runtime.tool_loop import MAX_TURNS

TOOLS = '''
import os
import sys
import time


def weather(city: str, days: int = 1) -> str:
    """Forecast the weather.

    Args:
        city: The city's name.
    """
    print("looking", city)
    return f"{city}: sunny"


async def broken() -> None:
    """Fails."""
    raise LookupError("no such thing")


def slow() -> None:
    open("began", "w").close()
    time.sleep(600)
'''


@pytest.fixture(autouse=True)
def tools(program, scripted):
    (program.folder / "tools.py").write_text(TOOLS)
    return "tools.py"


def script(*turns):
    return json.dumps(turns)


ROME = script([["weather", {"city": "Rome"}]], "It says: %s")


def ask(program, *arguments, **options):
    return program.run("complete", "-m", "scripted/m", "--tools", "tools.py", *arguments, **options)


def spawn(program, *arguments, **environ):
    return pexpect.spawn(
        program.command[0],
        ["complete", "-m", "scripted/m", "--tools", "tools.py", *arguments],
        cwd=program.folder,
        env={**program.environ, "TERM": "xterm", **environ},
        encoding="utf-8",
        timeout=30,
    )


def test_with_yes_calls_and_results_are_shown_and_the_answer_is_printed_alone(program):
    done = ask(program, "--yes", ROME)
    assert (done.returncode, done.stdout.decode()) == (0, "It says: Rome: sunny\n")
    assert done.stderr.decode() == 'weather(city="Rome")\nlooking Rome\n  Rome: sunny\n'


def test_events_hold_the_results_between_the_answers(program):
    done = ask(program, "--yes", "--events", ROME)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [line.get("type") or line["role"] for line in lines]
    assert [k for k in kinds if k in {"done", "toolResult"}] == ["done", "toolResult", "done"]
    assert kinds[-1] == "done"
    assert lines[kinds.index("done")]["reason"] == "toolUse"
    result = lines[kinds.index("toolResult")]
    assert (result["toolCallId"], result["toolName"]) == ("c0-0", "weather")
    assert result["content"] == [{"type": "text", "text": "Rome: sunny"}]


def test_json_is_one_message_a_line_that_continue_the_conversation(program):
    done = ask(program, "--yes", "--json", ROME)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [message["role"] for message in messages] == ["assistant", "toolResult", "assistant"]
    context = [{"role": "user", "content": script("a", "b", "c: %s")}, *messages]
    (program.folder / "c.json").write_text(json.dumps(context))
    again = program.run("complete", "-m", "scripted/m", "--context", "c.json")
    assert again.stdout == b"c: Rome: sunny\n"


def test_without_a_terminal_nothing_runs_and_nothing_is_sent(program):
    (program.folder / "tools.py").write_text("open('loaded', 'w').close()\n" + TOOLS)
    done = ask(program, ROME)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Error: There is no terminal to confirm tool calls on; --yes" in done.stderr
    assert not (program.folder / "loaded").exists()


def test_each_call_is_shown_and_asked_for_on_the_terminal(program):
    calls = [["weather", {"city": city}] for city in ("Rome", "Oslo", "Bern", "Riga")]
    child = spawn(program, script(calls, "It says: %s"))
    child.expect(r'weather\x1b\[0m\(city="Rome"\)\r\nRun it\? .*: ')
    child.sendline("y")
    child.expect("  Rome: sunny")
    child.expect(r'city="Oslo"\)\r\nRun it\?')
    child.sendline("what?")
    child.expect(r"Run it\?")
    child.sendline("n")
    child.expect("declined")
    child.expect(r'city="Bern"\)\r\nRun it\?')
    child.sendline("a")
    child.expect("  Bern: sunny")
    child.expect(r'city="Riga"\)\r\n')
    child.expect("It says: Rome: sunny; The user declined this call.*; Bern: sunny; Riga: sunny")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0


@pytest.mark.parametrize("answer", ["", "\x04"])
def test_neither_enter_nor_the_end_of_input_is_a_yes(program, answer):
    child = spawn(program, ROME)
    child.expect(r"Run it\?")
    child.send(answer or "\r")
    child.expect("It says: The user declined")
    child.expect(pexpect.EOF)


def test_the_terminal_is_asked_also_when_the_standard_streams_are_pipes(program):
    line = "modelwire complete -m scripted/m --tools tools.py < prompt > answer 2> errors"
    (program.folder / "prompt").write_text(ROME)
    child = pexpect.spawn(
        "bash",
        ["-c", line.replace("modelwire", program.command[0])],
        cwd=program.folder,
        env=program.environ,
        encoding="utf-8",
        timeout=30,
    )
    child.expect(r"Run it\?")
    child.sendline("yes")
    child.expect(pexpect.EOF)
    assert (program.folder / "answer").read_text() == "It says: Rome: sunny\n"


def test_what_was_typed_before_a_call_was_shown_does_not_allow_it(program):
    (program.folder / "tools.py").write_text(
        "import time\nwhile True:\n    try:\n        open('go').close()\n        break\n"
        "    except FileNotFoundError:\n        time.sleep(0.05)\n" + TOOLS
    )
    child = spawn(program, ROME)
    child.sendline("y")
    child.expect("y\r\n")  # the terminal has it
    (program.folder / "go").touch()
    child.expect(r"Run it\?")
    child.sendline("n")
    child.expect("It says: The user declined")
    child.expect(pexpect.EOF)


def test_the_question_has_no_colour_where_the_user_wants_none(program):
    child = spawn(program, ROME, NO_COLOR="1")
    child.expect(r"Run it\?")
    # A slow start shows a spinner on a line that it erases.
    assert child.before.rpartition("\r\x1b[2K")[2] == 'weather(city="Rome")\r\n'
    child.sendline("n")
    child.expect(pexpect.EOF)


def test_what_the_model_says_cannot_hide_a_call_from_who_is_asked(program):
    child = spawn(program, script([["weather", {"city": "\x1b[2K\u202eRome\x9b"}]], "end"))
    child.expect(r"Run it\?")
    assert r'city="\u001b[2K\u202eRome\x9b"' in child.before
    child.sendline("n")
    child.expect(pexpect.EOF)


def test_ctrl_c_at_the_question_ends_at_once_and_runs_nothing(program):
    child = spawn(program, "--events", ROME)
    child.expect(r"Run it\?")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 130
    assert '"reason": "aborted"' in child.before
    assert "looking" not in child.before


def test_ctrl_c_does_not_wait_for_a_tool(program):
    running = program.start(
        *("complete", "-m", "scripted/m", "--tools", "tools.py", "--yes", "--events"),
        script([["slow", {}]], "never"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for line in running.stdout:
        if b'"done"' in line:
            break
    while not (program.folder / "began").exists():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, errors = running.communicate(timeout=30)
    last = json.loads(out.splitlines()[-1])
    assert (running.returncode, last["type"], last["reason"]) == (130, "error", "aborted")
    assert errors == b""


def test_a_tool_that_fails_is_reported_to_the_model_and_shown_with_its_place(program):
    done = ask(program, "--yes", script([["broken", {}]], "It says: %s"))
    assert (done.returncode, done.stdout) == (0, b"It says: LookupError: no such thing\n")
    assert done.stderr == b"broken()\n  LookupError: no such thing (tools.py:19 in broken)\n"


def test_wrong_arguments_are_reported_to_the_model(program):
    done = ask(program, "--yes", script([["weather", {"town": "Rome"}]], "It says: %s"))
    assert b"It says: The arguments are not valid: Object contains unknown field" in done.stdout


def test_turns_are_limited(program):
    endless = script([["weather", {"city": "Rome"}]])
    done = ask(program, "--yes", "--max-turns", "2", "--json", endless)
    roles = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [m["role"] for m in roles] == ["assistant", "toolResult", "assistant", "assistant"]
    assert roles[-1]["errorCode"] == "tool_turns"
    assert next(p for p in complete.params if p.name == "max_turns").default == MAX_TURNS


def test_a_long_result_is_shown_in_part_and_safely(program):
    (program.folder / "tools.py").write_text(
        "def long() -> str:\n    return '\\x1b[31m' + 'x' * 500 + '\\n' * 20 + 'end'\n"
    )
    done = ask(program, "--yes", script([["long", {}]], "ok"))
    lines = done.stderr.decode().splitlines()
    assert lines[1].startswith(r"  \x1b[31mxxx")
    assert (lines[1][-3:], len(lines[1])) == ("...", 202)
    assert lines[-1] == "  ... and 13 more lines"


def test_several_files_are_one_set_of_tools(program):
    (program.folder / "more.py").write_text("def more() -> str:\n    return 'more'\n")
    done = ask(program, "--tools", "more.py", "--yes", script([["more", {}]], "%s"))
    assert done.stdout == b"more\n"
    (program.folder / "more.py").write_text("def weather() -> str:\n    return 'more'\n")
    twice = ask(program, "--tools", "more.py", "--yes", "--events", ROME)
    assert twice.returncode == 1
    assert "same name: weather" in json.loads(twice.stdout)["error"]["errorMessage"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(a): ...", b"tools.py:1: f.a: it has no type hint"),
        ("import nowhere_at_all", b"tools.py:1: ModuleNotFoundError"),
        ("", b"tools.py defines no public function."),
    ],
)
def test_a_file_that_is_wrong_gives_its_line_and_no_traceback(program, text, said):
    (program.folder / "tools.py").write_text(text)
    done = ask(program, "--yes", "hi")
    assert done.returncode == 1
    assert said in done.stderr
    assert b"Traceback" not in done.stderr
