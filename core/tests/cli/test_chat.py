"""`modelwire chat` without a terminal: lines in, answers out."""

import json
import signal
import stat
import subprocess

import pytest
from session_files import entries, messages, sessions


def chat(program, text, *arguments, model="actor/x", **environ):
    chosen = ("-m", model) if model else ()
    return program.run("chat", *chosen, *arguments, stdin=text.encode(), **environ)


def begin(program, text, model="actor/x"):
    """Start a conversation that is kept in `talk.jsonl`, say something, and leave it running."""
    running = program.start(
        *("chat", "-m", model, "--session", "talk.jsonl"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running.stdin.write(text)
    running.stdin.flush()
    return running


def test_each_line_is_a_prompt_and_each_answer_goes_to_standard_output(program):
    done = chat(program, "one\n\n  two\n", "-s", "She")
    assert (done.returncode, done.stdout) == (0, b"She said: one\nShe said: two\n")
    assert done.stderr == b""
    (path,) = sessions(program.home)
    assert [m["role"] for m in messages(path)] == ["user", "assistant"] * 2
    assert entries(path, "model_change")[0]["modelId"] == "x"


def test_a_prompt_of_the_command_line_comes_first(program):
    done = chat(program, "two\n", "one")
    assert done.stdout == b"You said: one\nYou said: two\n"
    assert program.run("chat", "-m", "actor/x", "alone").stdout == b"You said: alone\n"


def test_commands_work_in_a_pipe_too(program):
    done = chat(program, "/system He\nhi\n/system -\nhi\n//help\n/exit\nnever\n")
    assert done.stdout == b"He said: hi\nYou said: hi\nYou said: /help\n"


def test_the_first_failure_is_the_last_line(program):
    done = chat(program, "hi\nnever\n", model="actor/refuses")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"Error: The key was refused." in done.stderr
    (path,) = sessions(program.home)
    assert [m.get("stopReason") for m in messages(path)] == [None, "error"]


def test_a_session_goes_on(program):
    assert chat(program, "one\n").returncode == 0
    (path,) = sessions(program.home)
    name = path.stem.partition("_")[2]
    for arguments in (["--continue"], ["--resume", name[:6]], ["--resume", str(path)]):
        done = chat(program, "/save\nmore\n", *arguments, model=None)
        assert (done.returncode, done.stdout) == (0, b"You said: more\n")
    assert sessions(program.home) == [path]
    assert len(entries(path)) == 8
    listed = chat(program, "", "--resume", model=None)
    assert (listed.returncode, b" one" in listed.stdout) == (0, True)


def test_the_last_session_is_that_of_the_folder(program):
    assert chat(program, "one\n").returncode == 0
    elsewhere = program.folder / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [*program.command, "chat", "--continue"],
        cwd=elsewhere,
        env=program.environ,
        input=b"",
        capture_output=True,
    )
    assert done.returncode == 1
    assert b"no conversation to continue in this folder" in done.stderr


def test_a_session_may_be_a_file_of_ones_own_or_none(program):
    path = program.folder / "talk.jsonl"
    for word in ("one\n", "two\n"):
        assert chat(program, word, "--session", "talk.jsonl").returncode == 0
    assert len(entries(path)) == 4
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert chat(program, "three\n", "--no-session").returncode == 0
    assert sessions(program.home) == []
    assert [each.name for each in program.folder.iterdir()] == ["talk.jsonl"]


def test_a_session_of_pi_is_resumed(program):
    message = {"role": "user", "content": "Hello", "timestamp": 1}
    answer = {
        "role": "assistant",
        "content": [{"type": "text", "text": "Hi"}],
        "provider": "absent",
        "model": "x",
        "stopReason": "stop",
        "timestamp": 2,
    }
    lines = [
        {"type": "session", "id": "abc", "timestamp": "2024-12-03T14:00:00.000Z", "cwd": "/"},
        {"type": "message", "timestamp": "2024-12-03T14:00:01.000Z", "message": message},
        {"type": "message", "timestamp": "2024-12-03T14:00:02.000Z", "message": answer},
    ]
    path = program.folder / "pi.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"type": "mes')
    program.configure({"agents": {"defaults": {"model": "actor/x"}}})
    done = chat(program, "more\n", "--session", "pi.jsonl", model=None)
    assert (done.returncode, done.stdout) == (0, b"You said: more\n")
    assert b"pi.jsonl:4: this line is left out: it was cut" in done.stderr
    assert b"The conversation was held with absent/x." in done.stderr
    assert [m["role"] for m in messages(path)] == ["user", "assistant"] * 2


def test_two_programs_do_not_write_one_session(program):
    first = begin(program, b"hi\n")
    assert first.stdout.readline() == b"You said: hi\n"
    done = chat(program, "hi\n", "--session", "talk.jsonl")
    assert done.returncode == 1
    assert b"in use by another program" in done.stderr
    assert b"Traceback" not in done.stderr
    first.communicate(timeout=30)


def test_a_kill_loses_only_the_unfinished_answer(program):
    running = begin(program, b"hi\n/model actor/slow\nlong\n")
    assert running.stdout.readline() == b"You said: hi\n"
    assert running.stdout.read(10) == b"You said: "
    running.kill()
    running.communicate()
    done = chat(program, "again\n", "--session", "talk.jsonl")
    assert (done.returncode, done.stdout) == (0, b"You said: again\n")
    kept = messages(program.folder / "talk.jsonl")
    assert [m["role"] for m in kept] == [
        "user",
        "assistant",
        "user",
        "user",
        "assistant",
    ]


def test_ctrl_c_ends_a_pipe_with_130_and_keeps_what_had_arrived(program):
    running = begin(program, b"hi\n", model="actor/slow")
    assert running.stdout.read(10) == b"You said: "
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode == 130
    last = messages(program.folder / "talk.jsonl")[-1]
    assert (last["stopReason"], last["content"][1]["text"]) == ("aborted", "You said: ")


def test_conversations_are_saved_in_three_forms_and_loaded(program):
    text = "one\n/save a.jsonl\n/save a.json\n/save a.md\n/save a.md\n"
    done = chat(program, text, "-s", "She")
    assert done.returncode == 1
    assert b"a.md exists." in done.stderr
    assert "## You\n\none\n\n## actor/x\n\nShe said: one\n" in (program.folder / "a.md").read_text()
    assert json.loads((program.folder / "a.json").read_text())["systemPrompt"] == "She"
    before = (program.folder / "a.jsonl").read_bytes()
    for name in ("a.jsonl", "a.json"):
        again = chat(program, f"/load {name}\ntwo\n")
        assert (again.returncode, again.stdout) == (0, b"She said: two\n")
        assert b"Loaded 2 messages" in again.stderr
        newest = max(sessions(program.home), key=lambda path: path.stat().st_mtime_ns)
        assert len(entries(newest)) == 4
    assert (program.folder / "a.jsonl").read_bytes() == before


def test_retry_asks_again_and_new_forgets(program):
    done = chat(program, "/retry\n")
    assert (done.returncode, b"Nothing was said yet" in done.stderr) == (1, True)
    done = chat(program, "one\n/retry\n/new\ntwo\n/cost\n")
    assert done.stdout.startswith(b"You said: one\nYou said: one\nYou said: two\n")
    first, second = sorted(sessions(program.home), key=lambda path: len(entries(path)))
    assert [len(entries(first)), len(entries(second))] == [2, 3]
    asked, *answers = entries(second)
    assert {answer["parentId"] for answer in answers} == {asked["id"]}


def test_the_cost_of_answers_that_were_replaced_is_reported_too(program):
    done = chat(program, "one\n/retry\n/cost\n")
    lines = done.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[-5:-1]] == ["Model", "actor/x", "actor/x", "Total"]
    assert "(replaced)" in lines[-4]
    assert lines[-2].split()[-1] == "unknown"


@pytest.mark.parametrize("allowed", [True, False])
def test_tools_run_only_when_they_are_allowed(program, allowed):
    (program.folder / "tools.py").write_text(
        "def ls(path: str) -> str:\n    open('ran', 'w').close()\n    return 'a.txt'\n"
    )
    arguments = ["--tools", "tools.py", "--session", "talk.jsonl"] + ["--yes"] * allowed
    done = chat(program, "hi\n", *arguments, model="actor/calls")
    assert (program.folder / "ran").exists() is allowed
    assert (b"There is no terminal to confirm tool calls" in done.stderr) is not allowed
    # This model calls for ever. The last call gets a result all the same, and it goes on.
    assert (done.returncode, b"still calls tools" in done.stderr) == (1, True)
    again = chat(program, "more\n", "--session", "talk.jsonl", model="actor/x")
    assert (again.returncode, again.stdout) == (0, b"You said: more\n")
    calls = results = 0
    for message in messages(program.folder / "talk.jsonl"):
        results += message["role"] == "toolResult"
        calls += sum(block["type"] == "toolCall" for block in message["content"])
    assert calls == results > 1


def test_files_of_the_command_line_go_with_the_first_prompt(program):
    (program.folder / "note.txt").write_text("remember the milk")
    done = chat(program, "first\nsecond\n", "--file", "note.txt", "--session", "talk.jsonl")
    assert done.returncode == 0
    said = [m["content"] for m in messages(program.folder / "talk.jsonl")][::2]
    assert "remember the milk" in said[0][0]["text"]
    assert [block["text"] for block in said[0][1:]] == ["first"]
    assert [block["text"] for block in said[1]] == ["second"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--continue", "--no-session"], 2, b"Choose one of"),
        (["--reasoning", "wild"], 2, b"wild"),
        (["--tools", "missing.py"], 1, b"missing.py"),
        (["--image", "missing.png"], 1, b"missing.png"),
        (["--resume", "zzz"], 1, b"No session's id begins"),
        (["--session", "broken.jsonl"], 1, b"broken.jsonl:1"),
        (["--session", "."], 2, b"directory"),
        (["-m", "nobody/x"], 1, b"nobody"),
        (["--config", "missing.json5"], 1, b"missing.json5"),
    ],
)
def test_misuse_is_one_error_without_a_traceback(program, arguments, status, said):
    (program.folder / "broken.jsonl").write_text("{}\n")
    done = chat(program, "hi\n", *arguments, model=None)
    assert (done.returncode, done.stdout) == (status, b"")
    assert said in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_line_that_is_no_text_is_reported(program):
    done = program.run("chat", "-m", "actor/x", stdin=b"hi\n\xff\n")
    assert done.stdout == b"You said: hi\n"
    assert (done.returncode, b"Line 2 of standard input" in done.stderr) == (2, True)


def test_help_and_pipes_load_no_library_for_terminals(program):
    import sys

    check = (
        "import sys; sys.argv[0] = 'modelwire'\n"
        "from modelwire.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'prompt_toolkit', 'rich', 'asyncio'} & set(sys.modules)))"
    )
    for arguments, loaded in (
        (["chat", "--help"], "[]"),
        (["chat", "-m", "actor/x"], "['asyncio']"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", check, *arguments],
            cwd=program.folder,
            env=program.environ,
            input=b"hi\n",
            capture_output=True,
        )
        assert done.stdout.decode().splitlines()[-1] == loaded


def test_what_was_chosen_before_a_retry_is_kept_when_it_is_resumed(program):
    text = "one\n/system He\n/model actor/y\n/retry\n"
    done = chat(program, text, "--session", "talk.jsonl", "-s", "She")
    assert done.stdout == b"She said: one\nHe said: one\n"
    done = chat(program, "two\n/model\n", "--session", "talk.jsonl", model=None)
    assert done.stdout == b"He said: two\nactor/y\n"


def test_a_resumed_session_keeps_the_fallbacks_of_the_configuration(program):
    model = {"primary": "actor/x", "fallbacks": ["actor/y"]}
    program.configure({"agents": {"defaults": {"model": model}}})
    assert chat(program, "one\n", "--session", "talk.jsonl", model=None).returncode == 0
    model["primary"] = "actor/refuses"
    program.configure({"agents": {"defaults": {"model": model}}})
    text = (program.folder / "talk.jsonl").read_text().replace('"x"', '"refuses"')
    (program.folder / "talk.jsonl").write_text(text)
    done = chat(program, "two\n", "--session", "talk.jsonl", model=None)
    assert (done.returncode, done.stdout) == (0, b"You said: two\n")
    assert b"actor/refuses failed (auth); actor/y answered instead." in done.stderr


def test_a_conversation_that_cannot_be_written_goes_on(program):
    said = "x" * 300
    line = f"printf '{said}\\nsecond\\n' | {program.command[0]} chat -m actor/x --session t.jsonl"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 1; {line}"],  # files of at most one KiB
        cwd=program.folder,
        # Python would take half a file of bytecode for a whole one, the next time.
        env={**program.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
    )
    assert done.returncode == 0
    assert done.stdout.decode() == f"You said: {said}\nYou said: second\n"
    assert b"This is not saved yet: Cannot write" in done.stderr
    assert [m["role"] for m in messages(program.folder / "t.jsonl")] == ["user"]
