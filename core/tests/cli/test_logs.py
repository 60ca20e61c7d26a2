"""`modelwire logs`: what is kept of one-shot answers, and what becomes of a log that cannot be used."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from modelwire.cli.logs.database import MIGRATIONS, LogDatabase, LogUnusable

PLUGIN = """
    from modelwire import errors
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import Cost, StopReason, Text, Usage

    @hookimpl
    async def stream_completion(model, context, options, config):
        yield ResponseInfo(request_id="r")
        texts = [b.text for m in context.messages for b in m.content if isinstance(b, Text)]
        yield TextDelta(0, f"{context.system_prompt} heard: " + ", ".join(texts))
        if model.id == "breaks":
            raise errors.Overloaded("busy")
        cost = Cost(0.25, 0.5) if model.id != "free" else None
        yield UsageReport(Usage(10, 5, cache_read=3, cost=cost))
        yield Stop(StopReason.STOP)
"""


@pytest.fixture(autouse=True)
def plugin(site, program):
    site.provider("log", PLUGIN)


def ask(program, *arguments, model="log/x", **environ):
    return program.run("complete", "-m", model, *arguments, **environ)


def logged(program, *arguments):
    done = program.run("logs", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    return json.loads(done.stdout)


def kept(program):
    return [each["prompt"] for each in logged(program, "list")["answers"]]


def path_of(program):
    return program.home / ".local/state/modelwire/logs.db"


def test_an_answer_is_kept_for_the_user_alone(program):
    assert ask(program, "hi", "-s", "Ann").stderr == b""
    [found] = logged(program, "list")["answers"]
    assert (found["id"], found["previous"], found["model"]) == (1, None, "log/x")
    assert (found["systemPrompt"], found["prompt"]) == ("Ann", "hi")
    assert found["answer"] == "Ann heard: hi"
    assert found["usage"] == {
        "input": 10, "output": 5, "cacheRead": 3, "cacheWrite": 0, "cost": 0.75
    }  # fmt: skip
    assert abs(datetime.now().astimezone() - datetime.fromisoformat(found["time"])) < timedelta(
        hours=1
    )
    assert path_of(program).stat().st_mode & 0o777 == 0o600
    assert logged(program, "path") == {"path": str(path_of(program))}
    assert program.run("logs", "path").stdout.decode() == f"{path_of(program)}\n"


def test_answers_are_listed_searched_and_shown(program):
    for prompt in ("Groß-Gerau", "GROSSE Städte", "nothing"):
        ask(program, prompt)
    ask(program, "other", model="log/free")
    lines = program.run("logs").stdout.decode().splitlines()
    assert [line.split("  ")[-1] for line in lines] == [
        "Groß-Gerau", "GROSSE Städte", "nothing", "other"
    ]  # fmt: skip
    assert len(program.run("logs", "list", "-n", "2").stdout.splitlines()) == 2
    found = logged(program, "search", "groß")["answers"]
    assert [each["id"] for each in found] == [1, 2]
    assert [each["id"] for each in logged(program, "list", "-m", "log/free")["answers"]] == [4]
    shown = program.run("logs", "show", "2").stdout.decode()
    assert "\nPrompt\nGROSSE Städte\n\nAnswer\nNone heard: GROSSE Städte\n" in shown
    assert "13 tokens in, 5 out, $0.750000" in shown
    assert "\nAnswer\nNone heard: other\n" in program.run("logs", "show").stdout.decode()
    assert program.run("logs", "search", "missing").stdout == b"No answer has it.\n"


@pytest.mark.parametrize("arguments", [["show"], ["show", "7"]])
def test_what_is_not_there_is_said(program, arguments):
    done = program.run("logs", *arguments)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(
        b"Error: No answer is kept." if arguments[1:] == [] else b"Error: There is no answer 7."
    )
    assert program.run("logs").stdout == b"No answer is kept.\n"
    assert not path_of(program).exists()


def test_usage_is_summed_per_day_and_model(program):
    for model in ("log/x", "log/x", "log/free"):
        ask(program, "hi", model=model)
    with closing(sqlite3.connect(path_of(program))) as database, database:
        database.execute("UPDATE answers SET at = at - 3 * 86400000, cost = NULL WHERE id = 1")
    found = logged(program, "usage")["usage"]
    today = f"{datetime.now().astimezone():%Y-%m-%d}"
    assert [(each["model"], each["answers"], each["cost"], each["unpriced"]) for each in found] == [
        ("log/free", 1, None, 1), ("log/x", 1, 0.75, 0), ("log/x", 1, None, 1)
    ]  # fmt: skip
    assert [each["day"] == today for each in found] == [True, True, False]
    assert len(logged(program, "usage", "--days", "2")["usage"]) == 2
    table = program.run("logs", "usage", "--days", "1").stdout.decode().splitlines()
    assert table[0].split() == ["Day", "Model", "Answers", "Input", "Output", "Cost,", "USD"]
    assert table[1].split() == [today, "log/free", "1", "13", "5", "?"]
    assert table[2].split() == [today, "log/x", "1", "13", "5", "0.750000"]


def test_the_last_answer_is_continued_with_its_model_and_system_prompt(program):
    ask(program, "one", "-s", "Ann")
    ask(program, "other", "--no-log")
    done = program.run("complete", "--continue", "two")
    assert done.stdout == b"Ann heard: one, Ann heard: one, two\n"
    assert program.run("complete", "-c", "three", "-s", "Bob", "-m", "log/free").stdout == (
        b"Bob heard: one, Ann heard: one, two, Ann heard: one, Ann heard: one, two, three\n"
    )
    found = logged(program, "list")["answers"]
    assert [each["previous"] for each in found] == [None, 1, 2]
    assert [each["prompt"] for each in found] == ["one", "two", "three"]
    assert [each["model"] for each in found] == ["log/x", "log/x", "log/free"]
    last = logged(program, "show", "3")["messages"]
    assert [message["role"] for message in last] == ["user", "assistant"]


def test_a_failed_answer_is_kept_but_not_continued(program):
    ask(program, "one")
    assert ask(program, "two", model="log/breaks").returncode == 1
    found = logged(program, "list")["answers"][1]
    assert (found["errorCode"], found["answer"]) == ("overloaded", "None heard: two")
    assert "[overloaded] two" in program.run("logs").stdout.decode()
    assert program.run("complete", "-c", "three").stdout.startswith(b"None heard: one, None heard")


def test_there_may_be_nothing_to_continue(program):
    done = program.run("complete", "-c", "hi", "-m", "log/x")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"There is no stored answer to continue." in done.stderr
    done = program.run("complete", "-c", "hi", "--context", "c.json")
    assert done.returncode == 2
    assert b"Choose either --continue or --context" in done.stderr


def test_an_answer_that_never_began_is_not_kept(program):
    assert ask(program, "hi", model="nope/x").returncode == 1
    assert kept(program) == []


def test_nothing_is_kept_where_that_is_said(program):
    ask(program, "hi", "--no-log")
    program.configure({"logs": {"enabled": False}})
    ask(program, "hi")
    ask(program, "hi", "--json")
    ask(program, "hi", MODELWIRE_TRUST="")
    assert not path_of(program).exists()


@pytest.mark.parametrize("form", ["--json", "--events"])
def test_answers_for_programs_are_kept_too(program, form):
    ask(program, "hi", form)
    assert kept(program) == ["hi"]


def test_all_can_be_exported_as_lines_that_continue_a_conversation(program):
    ask(program, "one")
    ask(program, "two")
    lines = program.run("logs", "export").stdout.splitlines()
    assert [json.loads(line)["prompt"] for line in lines] == ["one", "two"]
    messages = json.dumps(json.loads(lines[0])["messages"]).encode()
    arguments = ["complete", "-m", "log/x", "--context", "-", "then"]
    done = program.run(*arguments, stdin=messages)
    assert done.stdout == b"None heard: one, None heard: one, then\n"


def test_no_secret_is_kept(program):
    program.configure(
        {
            "models": {
                "providers": {
                    "log": {"apiKey": "sk-0123456789", "headers": {"X-Token": "tok-0123456789"}}
                }
            }
        }
    )
    done = ask(program, "hi", "-o", "apiKey=key-0123456789", "-o", "top=1", KEY="env-0123456789")
    assert done.returncode == 0, done.stderr
    [found] = logged(program, "list")["answers"]
    assert found["options"] == {"params": {"apiKey": "<hidden>", "top": 1}}
    assert b"0123456789" not in path_of(program).read_bytes()


def test_what_is_kept_cannot_steer_the_terminal(program):
    ask(program, "a\x1b[2Jb", "-s", "c\x1b]0;x\x07d")
    for arguments in (["logs"], ["logs", "show"], ["logs", "show", "--json"], ["logs", "export"]):
        shown = program.show(*arguments, NO_COLOR="1")
        assert "b" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown


def make_broken(path, program):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database" * 100)


def make_newer(path, program):
    ask(program, "before")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


def make_folder(path, program):
    path.mkdir(parents=True)


def make_unreachable(path, program):
    path.parent.parent.mkdir(parents=True)
    path.parent.write_text("a file")


def make_fifo(path, program):
    path.parent.mkdir(parents=True)
    os.mkfifo(path)


@pytest.mark.parametrize(
    "make", [make_broken, make_newer, make_folder, make_unreachable, make_fifo]
)
def test_a_log_that_cannot_be_used_breaks_no_answer(program, make):
    path = path_of(program)
    make(path, program)
    done = ask(program, "hi")
    assert (done.returncode, done.stdout) == (0, b"None heard: hi\n")
    said = " ".join(done.stderr.decode().split())
    assert said.startswith("The answer was not stored: The log ")
    assert said.endswith("(--no-log stores none.)")
    assert done.stderr.count(b"stored:") == 1
    if make is not make_unreachable:
        listed = program.run("logs")
        assert (listed.returncode, listed.stdout) == (1, b"")
        assert listed.stderr.startswith(b"Error: The log ")


def test_a_locked_log_breaks_no_answer(program):
    ask(program, "before")
    with closing(sqlite3.connect(path_of(program), isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        done = ask(program, "hi")
    assert (done.returncode, done.stdout) == (0, b"None heard: hi\n")
    assert b"database is locked" in done.stderr
    assert kept(program) == ["before"]


def test_a_full_disk_breaks_no_answer(program):
    line = f"ulimit -f 4; {program.command[0]} complete -m log/x hi"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=program.folder,
        env={**program.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, b"None heard: hi\n")
    assert done.stderr.count(b"The answer was not stored: ") == 1


@pytest.mark.extensive("it starts many processes")
def test_processes_keep_their_answers_at_the_same_time(program):
    running = [
        program.start("complete", "-m", "log/x", f"hi {n}", stdin=-3, stdout=-1, stderr=-1)
        for n in range(6)
    ]
    said = [each.communicate(timeout=100)[1] for each in running]
    assert said == [b""] * 6
    assert sorted(kept(program)) == [f"hi {n}" for n in range(6)]


def test_a_file_that_others_can_read_is_closed_to_them(program):
    ask(program, "one")
    path_of(program).chmod(0o644)
    ask(program, "two")
    assert path_of(program).stat().st_mode & 0o777 == 0o600


ROW = {
    "at": 0, "seconds": 0, "provider": "p", "model": "m", "stop_reason": "stop", "prompt": "",
    "answer": "", "options": "{}", "sent": "[]", "received": "[]", "input": 0, "output": 0,
    "cache_read": 0, "cache_write": 0,
}  # fmt: skip


def test_an_older_log_is_brought_to_the_present_schema_with_its_rows(tmp_path):
    path = tmp_path / "logs.db"
    LogDatabase(path).add(ROW)
    steps = [*MIGRATIONS, "ALTER TABLE answers ADD COLUMN mood TEXT; UPDATE answers SET mood = 'x'"]
    newer = LogDatabase(path, steps)
    newer.add({**ROW, "mood": "y"})
    assert [row["mood"] for row in newer.latest(9)] == ["x", "y"]
    with pytest.raises(LogUnusable, match="newer modelwire"):
        LogDatabase(path).latest(9)


def test_a_step_that_fails_leaves_the_log_as_it_was(tmp_path):
    path = tmp_path / "logs.db"
    LogDatabase(path).add(ROW)
    steps = [*MIGRATIONS, "ALTER TABLE answers ADD COLUMN mood TEXT; SELECT nonsense"]
    with pytest.raises(LogUnusable, match="nonsense"):
        LogDatabase(path, steps).latest(9)
    assert len(LogDatabase(path).latest(9)) == 1


def test_text_that_is_no_unicode_is_kept(program):
    half = rb'[{"role": "user", "content": "\ud83d"}]'
    done = program.run("complete", "-m", "log/x", "--context", "-", stdin=half)
    assert done.returncode == 0
    assert b"not kept" not in done.stderr
    assert kept(program) == ["?"]
