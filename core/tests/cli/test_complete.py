"""`modelwire complete`: what it prints where, and how it ends."""

import json
import os
import pty
import signal
import subprocess

import pytest


def test_the_text_goes_to_standard_output_and_nothing_else(program):
    done = program.run("complete", "--model", "actor/x", "--system", "She", "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"She said: hello\n", b"")


def test_the_prompt_is_read_from_a_pipe(program):
    done = program.run("complete", "-m", "act/x", stdin="grüße\n".encode())
    assert done.stdout.decode() == "You said: grüße\n"


@pytest.mark.parametrize(
    ("arguments", "piped", "asked"),
    [
        (["Summarise"], b"a diff\n", "a diff\n\nSummarise"),
        (["Summarise"], b"\xef\xbb\xbfgr\xc3\xbc\xc3\x9fe", "grüße\n\nSummarise"),
        (["Summarise"], b"", "Summarise"),
        (["Summarise"], b" \n", "Summarise"),
        (["-"], b"a diff\n", "a diff\n"),
        (["--context", "c.json"], b"a diff\n", "a diff\n"),
        (["--context", "c.json"], b"", "first"),
        (["--context", "c.json", "Summarise"], b"a diff\n", "a diff\n\nSummarise"),
    ],
)
def test_what_is_piped_in_comes_before_the_prompt(program, arguments, piped, asked):
    context = {"messages": [{"role": "user", "content": "first"}]}
    (program.folder / "c.json").write_text(json.dumps(context))
    done = program.run("complete", "-m", "actor/x", *arguments, stdin=piped)
    assert (done.returncode, done.stdout.decode()) == (0, f"You said: {asked.strip()}\n")
    assert done.stderr == b""


def test_a_prompt_follows_a_file_that_is_piped_in_as_such(program):
    arguments = ["complete", "-m", "actor/x", "--context", "-", "Summarise"]
    done = program.run(*arguments, stdin=b'[{"role": "user", "content": "a diff"}]')
    assert done.stdout == b"You said: Summarise\n"


def test_piped_bytes_that_are_no_text_are_refused(program):
    done = program.run("complete", "-m", "actor/x", "What is this?", stdin=b"\x89PNG")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"byte 0 is 0x89. Send a file with --file -." in done.stderr


def test_a_pipe_that_is_left_open_is_reported(program):
    started = program.start("complete", "-m", "actor/x", "hi", stdin=-1, stdout=-1, stderr=-1)
    with started:
        try:
            note = started.stderr.readline()
            assert (
                note
                == b"Reading standard input to its end. If nothing is piped in, add < /dev/null.\n"
            )
            assert started.communicate(b"so:", timeout=60) == (b"You said: so:\n\nhi\n", b"")
        finally:
            started.kill()


def test_events_are_one_json_object_per_line_and_end_in_done(program):
    done = program.run("complete", "-m", "actor/calls", "--events", "hi")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["type"] for event in events] == [
        *("start", "thinking_start", "thinking_delta", "text_start", "text_delta", "text_delta"),
        *("toolcall_start", "toolcall_delta", "thinking_end", "text_end", "toolcall_end", "done"),
    ]
    assert events[-1]["reason"] == "toolUse"
    assert events[-1]["message"]["content"][1] == {"type": "text", "text": "You said: hi"}


def test_json_is_the_final_message(program):
    done = program.run("complete", "-m", "actor/x", "--json", "--max-tokens", "5", "hi")
    message = json.loads(done.stdout)
    assert (message["role"], message["stopReason"], message["usage"]["output"]) == (
        "assistant",
        "stop",
        5,
    )


def test_a_context_is_read_from_a_file_or_a_pipe_and_the_prompt_is_added(program):
    context = {"systemPrompt": "He", "messages": [{"role": "user", "content": "first"}]}
    (program.folder / "context.json").write_text(json.dumps(context))
    assert (
        program.run("complete", "-m", "actor/x", "--context", "context.json").stdout
        == b"He said: first\n"
    )
    added = program.run(
        "complete", "-m", "actor/x", "--context", "-", "then", stdin=json.dumps(context).encode()
    )
    assert added.stdout == b"He said: then\n"


def test_tool_calls_and_a_cut_answer_are_shown(program):
    assert (
        b'[tool call c1] ls({"path": "."})'
        in program.run("complete", "-m", "actor/calls", "hi").stdout
    )
    assert b"reached its token limit" in program.run("complete", "-m", "actor/cut", "hi").stderr


def test_a_failed_completion_exits_with_1_and_says_what_to_do(program):
    done = program.run("complete", "-m", "actor/refuses", "hi")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().splitlines() == [
        "Error: The key was refused.",
        "  code: auth",
        "  model: actor/refuses",
        "  HTTP status: 401",
        "Hint: Renew it.",
    ]


def test_what_arrived_before_a_failure_is_shown_first(program):
    done = program.run("complete", "-m", "actor/breaks", "hi")
    assert (done.returncode, done.stdout) == (1, b"You said: \n")
    assert b"request id: req-7" in done.stderr


@pytest.mark.parametrize(
    ("model", "code"), [("actor/breaks", "overloaded"), ("nobody/x", "plugin")]
)
def test_events_of_a_failure_end_in_error(program, model, code):
    done = program.run("complete", "-m", model, "--events", "hi")
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1
    assert (last["type"], last["reason"]) == ("error", "error")
    assert (last["error"]["errorCode"], last["error"]["stopReason"]) == (code, "error")


def test_a_fallback_is_reported(program):
    program.configure(
        {"agents": {"defaults": {"model": {"primary": "actor/refuses", "fallbacks": ["actor/x"]}}}}
    )
    done = program.run("complete", "hi")
    assert (done.returncode, done.stdout) == (0, b"You said: hi\n")
    assert done.stderr == b"actor/refuses failed (auth); actor/x answered instead.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["complete"],
        ["complete", ""],
        ["complete", "hi", "--temperature", "hot"],
        ["complete", "hi", "--temperature", "nan"],
        ["complete", "hi", "--temperature", "inf"],
        ["complete", "hi", "--timeout", "nan"],
        ["complete", "hi", "--timeout", "-1"],
        ["complete", "hi", "--max-tokens", "0"],
        ["complete", "hi", "--reasoning", "wild"],
        ["complete", "hi", "--events", "--json"],
        ["complete", "hi", "--events", "--dry-run"],
        ["complete", "--context", "missing.json"],
        ["complete", "--context", "broken.json"],
        ["complete", "--context", "empty.json"],
        ["complete", "hi", "--schema", "missing.json"],
        ["complete", "hi", "--schema", "{broken"],
        ["complete", "-", "--schema", "-"],
        ["complete", "hi", "there"],
        ["compleet"],
    ],
)
def test_misuse_exits_with_2_and_one_sentence(program, arguments):
    (program.folder / "broken.json").write_text("{")
    (program.folder / "empty.json").write_text("{}")
    done = program.run(*arguments, stdin=b"")
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert b"Error: " in done.stderr


def test_a_wrong_context_lists_its_places(program):
    (program.folder / "c.json").write_text('{"messages": [{"role": "user", "content": 5}]}')
    done = program.run("complete", "-m", "actor/x", "--context", "c.json")
    assert done.returncode == 1
    assert b"messages[0].content: expected a list, found 5" in done.stderr


DEEP_CALL = (
    '[{"role": "assistant", "provider": "p", "model": "m", "content": '
    '[{"type": "toolCall", "id": "c", "name": "f", "arguments": '
    + '{"a":' * 600
    + "1"
    + "}" * 600
    + "}]}]"
)


@pytest.mark.parametrize(
    ("text", "status", "code", "said"),
    [
        ('{"messages": [{"role": "user", "content": 5}]}', 1, "invalid_message", "messages[0]"),
        ("{", 2, "usage", "c.json is not JSON"),
        ("{}", 2, "usage", "The context has no messages"),
        (None, 2, "usage", "Cannot read c.json"),
        ("[" * 100_000, 2, "usage", "c.json is nested deeper than 128 levels"),
        (DEEP_CALL, 1, "invalid_message", "messages[0].content[0].arguments: nested deeper"),
    ],
)
def test_programs_get_the_error_of_a_wrong_context_too(program, text, status, code, said):
    if text is not None:
        (program.folder / "c.json").write_text(text)
    arguments = ("complete", "-m", "actor/x", "--context", "c.json")
    events = program.run(*arguments, "--events")
    error = json.loads(events.stdout)
    assert (events.returncode, error["type"], error["reason"]) == (status, "error", "error")
    message = json.loads(program.run(*arguments, "--json").stdout)
    for told in (error["error"], message):
        assert told["errorCode"] == code
        assert said in told["errorMessage"]


@pytest.mark.parametrize(
    ("name", "code", "hint", "candidates"),
    [
        ("gpt-4o", "unknown_model", "Did you mean openai/gpt-4o?", ["openai/gpt-4o"]),
        ("actro/x", "plugin", "Did you mean actor?", []),
    ],
)
def test_programs_get_the_hint_and_the_models_that_may_be_meant(
    program, name, code, hint, candidates
):
    event = json.loads(program.run("complete", "hi", "-m", name, "--events").stdout)
    message = json.loads(program.run("complete", "hi", "-m", name, "--json").stdout)
    for told in (event["error"], message):
        assert (told["errorCode"], told["stopReason"]) == (code, "error")
        assert (told["hint"], told["candidates"]) == (hint, candidates)


def test_programs_get_no_hint_where_there_is_none(program):
    arguments = ("complete", "-m", "actor/x", "--context", "missing.json", "--json")
    told = json.loads(program.run(*arguments).stdout)
    assert (told["errorCode"], told["hint"], told["candidates"]) == ("usage", None, [])


def test_a_failed_answer_with_its_hint_can_be_continued(program):
    failed = json.loads(program.run("complete", "hi", "-m", "gpt-4o", "--json").stdout)
    user = {"role": "user", "content": "hi"}
    (program.folder / "c.json").write_text(json.dumps([user, failed]))
    done = program.run("complete", "again", "-m", "actor/x", "--context", "c.json")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("{", "--schema is not JSON"),
        ("list.json", "--schema is not a JSON object"),
        ("missing.json", "Cannot read missing.json"),
    ],
)
def test_programs_get_the_error_of_a_wrong_schema_too(program, schema, said):
    (program.folder / "list.json").write_text("[]")
    done = program.run("complete", "hi", "-m", "actor/x", "--events", "--schema", schema)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["errorCode"]) == (2, "usage")
    assert said in error["errorMessage"]


@pytest.mark.parametrize("given", ["city.json", "-", '{"type": "object", "title": "City"}'])
def test_a_schema_comes_from_a_file_a_pipe_or_the_command_line(program, given):
    schema = json.dumps({"type": "object", "title": "City"})
    (program.folder / "city.json").write_text(schema)
    arguments = ("complete", "hi", "-m", "actor/x", "--schema", given)
    done = program.run(*arguments, "--json", stdin=schema.encode())
    # The actor answers in words, which is reported only where a schema was asked for.
    (found,) = json.loads(done.stdout)["diagnostics"]
    assert found["type"] == "unstructured_output"
    assert json.loads(program.run(*arguments[:4], "--json").stdout)["diagnostics"] == []


def test_a_prompt_may_be_piped_in_after_a_context(program):
    (program.folder / "c.json").write_text('[{"role": "user", "content": "first"}]')
    done = program.run(
        "complete", "-m", "actor/x", "--context", "c.json", "-", stdin=b"from the pipe"
    )
    assert done.stdout == b"You said: from the pipe\n"


def test_a_wrong_configuration_is_shown_with_its_lines_and_no_traceback(program):
    program.configure(
        '{\n  models: {\n    mode: "mix",\n    providers: {acme: {apiKey: "${NOT_SET}"}},\n  },\n}'
    )
    done = program.run("complete", "hi")
    text = done.stderr.decode()
    assert done.returncode == 1
    assert "modelwire.json5:3: models.mode" in text
    assert 'modelwire.json5:4: models.providers.acme.apiKey: Missing env var "NOT_SET"' in text
    assert "Traceback" not in text


def test_without_a_model_the_error_says_how_to_name_one(program):
    done = program.run("complete", "hi")
    assert done.returncode in (0, 1)  # 0 where a plugin that needs no configuration is installed
    if done.returncode == 1:
        assert b"agents.defaults.model.primary" in done.stderr


def read_until(stream, text):
    seen = b""
    while text not in seen:
        piece = os.read(stream, 1024)
        assert piece, seen
        seen += piece
    return seen


def test_ctrl_c_ends_at_once_with_130(program):
    running = program.start(
        "complete", "-m", "actor/slow", "hi", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    read_until(running.stdout.fileno(), b"said: ")
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=10)
    assert (running.returncode, errors) == (130, b"")


def test_ctrl_c_ends_the_events_with_an_aborted_one(program):
    running = program.start(
        "complete", "-m", "actor/slow", "--events", "hi", stdout=subprocess.PIPE
    )
    seen = read_until(running.stdout.fileno(), b"text_delta")
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=10)
    last = json.loads((seen + rest).splitlines()[-1])
    assert (running.returncode, last["type"], last["reason"]) == (130, "error", "aborted")
    assert last["error"]["content"][1]["text"] == "You said: "


def test_a_reader_that_leaves_is_no_error(program):
    running = program.start(
        "complete", "-m", "actor/x", "hi", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    running.stdout.close()
    running.stdout = None
    _, errors = running.communicate(timeout=30)
    assert b"Traceback" not in errors
    assert b"BrokenPipe" not in errors


def test_on_a_terminal_text_arrives_as_it_comes_and_thinking_is_apart(program):
    ours, theirs = pty.openpty()
    running = program.start(
        "complete", "-m", "actor/slow", "hi", stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = read_until(ours, b"You said: ")
    assert b"\x1b[2mhm" in seen
    os.write(ours, b"\x03")  # a terminal turns this into an interrupt only for its own session
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=10) == 130
    os.close(ours)


def test_an_answer_cannot_steer_the_terminal_but_reaches_a_pipe_as_it_is(program):
    steering = "a\x1b[2Jb\tc\r\nd 🎉"
    piped = program.run("complete", "-m", "actor/x", steering)
    assert piped.stdout.decode() == f"You said: {steering}\n"
    ours, theirs = pty.openpty()
    running = program.start(
        *("complete", "-m", "actor/x", steering), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = read_until(ours, "🎉".encode())
    assert running.wait(timeout=30) == 0
    os.close(ours)
    assert "said: a\\x1b[2Jb\tc\r\nd 🎉" in seen.decode()


def shell(program, line, **environ):
    line = line.replace("modelwire", program.command[0])
    return subprocess.run(
        ["bash", "-c", line],
        cwd=program.folder,
        env={**program.environ, **environ},
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("modelwire complete -m actor/x --context - <&-", 2, b"Standard input is closed"),
        ("modelwire complete -m actor/x $'\\xff'", 2, b"not UTF-8"),
        ("modelwire complete -m actor/x hi >&-", 0, b""),
        ("modelwire complete -m actor/x hi >/dev/full", 1, b"Error: No space left on device."),
        ("modelwire complete -m actor/x hi --json >/dev/full", 1, b"Error: No space left"),
        ("modelwire complete --config '~no-such-user/x' hi", 1, b"Config file not found"),
        ("mkdir d && cd d && rmdir ../d && modelwire complete -m actor/x hi", 0, b""),
    ],
)
def test_an_odd_surrounding_gives_no_traceback(program, line, status, said):
    done = shell(program, line)
    assert (done.returncode, b"Traceback" in done.stderr) == (status, False)
    assert said in done.stderr
    assert said or not done.stderr


def test_what_standard_output_cannot_show_is_escaped(program):
    line = "modelwire complete -m actor/x 'grün 🎉'"
    done = shell(program, line, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stdout) == (0, b"You said: gr\xfcn \\U0001f389\n")
    as_json = shell(program, f"{line} --json", PYTHONIOENCODING="latin-1")
    assert json.loads(as_json.stdout)["content"][1]["text"] == "You said: grün 🎉"
    half = """modelwire complete -m actor/x --events --context - <<< '["role", "user"]'"""
    half = half.replace('["role", "user"]', r'[{"role": "user", "content": "\ud83d"}]')
    done = shell(program, half)
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[-1])["type"] == "done"


def test_ctrl_c_does_not_wait_for_a_thread_that_nothing_can_stop(program):
    running = program.start(
        "complete", "-m", "actor/stuck", "hi", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    read_until(running.stdout.fileno(), b"said: ")
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (130, b"")
