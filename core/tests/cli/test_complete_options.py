"""Options of `modelwire complete`: how they reach the model, and what is said of those that do not."""

import json
import os
import pty
import re
import signal
import subprocess

import pytest

PLUGIN = """
    import asyncio, json
    from pathlib import Path
    from modelwire import errors
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason, Usage

    @hookimpl
    async def stream_completion(model, context, options, config):
        if model.id == "fails":
            raise errors.Overloaded("busy")
        if model.id == "waits":
            with open(config.environ["ASKED"], "a") as log:
                print("asked", file=log)
            while "go" not in Path(config.environ["ASKED"]).read_text():
                await asyncio.sleep(0.02)
        if model.id == "plain":
            yield Diagnostic("dropped", {"path": "options.reasoning", "reason": "It does not think."})
            yield Diagnostic("dropped", {"path": "options.stop[0]", "reason": "No blanks."})
            yield Diagnostic("ignored", {"path": "options.params.seed.x", "reason": "No seeds."})
            yield Diagnostic("dropped", {"path": "messages[0]", "reason": "Empty."})
        yield TextDelta(0, json.dumps({
            "model": model.id, "top_p": options.top_p, "params": dict(options.params),
            "schema": options.response_schema, "temperature": options.temperature,
        }))
        yield UsageReport(Usage(1, 2))
        yield Stop(StopReason.STOP)
"""


@pytest.fixture(autouse=True)
def plugin(site, program):
    site.provider("opt", PLUGIN)


def asked(program, *arguments):
    done = program.run("complete", "-m", "opt/x", "hi", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_sampling_and_request_parameters_reach_the_model(program):
    got = asked(
        program,
        *("--top-p", "0.5", "--temperature", "0", "-o", "seed=3", "-o", "user = ann"),
        *("--option", 'extra={"a": [1]}'),
    )
    assert (got["top_p"], got["temperature"]) == (0.5, 0)
    assert got["params"] == {"seed": 3, "user": " ann", "extra": {"a": [1]}}


def test_fallbacks_are_asked_in_their_order(program):
    done = program.run(
        *("complete", "hi", "-m", "opt/fails"),
        *("--fallback", "opt/fails", "--fallback", "opt/x", "--fallback", "opt/y"),
    )
    assert json.loads(done.stdout)["model"] == "x"
    assert b"opt/fails failed (overloaded); opt/x answered instead." in done.stderr


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        (
            "name, age int, bio: one sentence",
            {
                "name": {"type": "string"},
                "age": {"type": "integer"},
                "bio": {"type": "string", "description": "one sentence"},
            },
        ),
        ("city", {"city": {"type": "string"}}),
        ("ok bool, share float: 0 to 1", {
            "ok": {"type": "boolean"},
            "share": {"type": "number", "description": "0 to 1"},
        }),
        ("name: first, or last\nage int", {
            "name": {"type": "string", "description": "first, or last"},
            "age": {"type": "integer"},
        }),
    ],
)  # fmt: skip
def test_a_schema_may_be_a_list_of_fields(program, text, properties):
    assert asked(program, "--schema", text)["schema"] == {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def test_a_file_wins_over_a_field_of_its_name(program):
    (program.folder / "city").write_text('{"type": "object", "properties": {}}')
    assert asked(program, "--schema", "city")["schema"]["properties"] == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--schema", "no such.json"], "Cannot read no such.json"),
        (["--schema", "age integr"], "the type 'integr'; use str, int, float or bool"),
        (["--schema", "age, age int"], "'age' comes twice"),
        (["--schema", "x" * 5000 + "."], "Cannot read"),
        (["-o", "seed"], "'seed' is not NAME=VALUE"),
        (["-o", "=3"], "'=3' is not NAME=VALUE"),
        (["-o", "max_tokens=3"], "'max_tokens' has its own option: --max-tokens."),
        (["-o", "temperature=3"], "'temperature' has its own option: --temperature."),
        (["--top-p", "1.5"], "1.5 is not in the range"),
    ],
)
def test_wrong_options_are_refused(program, arguments, said):
    done = program.run("complete", "-m", "opt/x", "hi", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in " ".join(done.stderr.decode().split())


def test_options_that_the_model_does_not_take_are_named_in_one_line(program):
    done = program.run(
        *(
            "complete",
            "-m",
            "opt/plain",
            "hi",
            "--reasoning",
            "high",
            "--stop",
            " ",
            "-o",
            "seed={}",
        ),
    )
    assert done.returncode == 0
    assert " ".join(done.stderr.decode().split()) == (
        "Not sent to opt/plain: --reasoning (It does not think); --stop (No blanks); "
        "-o seed (No seeds)."
    )


@pytest.mark.parametrize("arguments", [[], ["--reasoning", "high", "--json"]])
def test_options_that_were_not_given_are_not_named(program, arguments):
    done = program.run("complete", "-m", "opt/plain", "hi", *arguments)
    assert (done.returncode, done.stderr) == (0, b"")


def read_until(descriptor, wanted):
    seen = b""
    while wanted not in seen:
        seen += os.read(descriptor, 4096)
    return seen


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_seconds_are_counted_on_a_terminal_until_the_answer_comes(program, form):
    ours, theirs = pty.openpty()
    running = program.start(
        *("complete", "-m", "opt/waits", "hi", *form),
        environ={"TERM": "xterm"},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    with running:
        seen = read_until(ours, b" 2 s")
        with program.asked.open("a") as log:
            print("go", file=log)
        answer, _ = running.communicate(timeout=60)
        rest = os.read(ours, 4096)
    os.close(ours)
    assert re.fullmatch(rb"(\r\x1b\[2K[|/\\-] \d s)+", seen), seen
    assert answer.startswith(b'{"')
    assert rest.endswith(b"\r\x1b[2K")


def test_the_count_is_taken_away_by_ctrl_c(program):
    ours, theirs = pty.openpty()
    running = program.start(
        *("complete", "-m", "opt/waits", "hi"),
        environ={"TERM": "xterm"},
        **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
    )
    os.close(theirs)
    with running:
        read_until(ours, b" 0 s")
        program.wait_for_asked("asked")
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        rest = os.read(ours, 4096)
    os.close(ours)
    assert rest.endswith(b"\r\x1b[2K")


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"TERM": ""}])
def test_nothing_is_counted_where_a_line_cannot_be_erased(program, environ):
    shown = program.show("complete", "-m", "opt/x", "hi", **environ)
    assert "\x1b" not in shown
