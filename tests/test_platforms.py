"""The command line on systems without the calls, signals and modules that only POSIX has."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import json5
import pytest
from openai_answers import chat_frames
from sse_server import Play, SseServer

from modelwire_bedrock.emulator import Fault

SHIM = Path(__file__).parent / "support" / "without_posix.py"


class Program:
    """`modelwire` without POSIX, in a folder of its own, with a service on loopback."""

    def __init__(self, folder, url):
        self.folder = folder
        self.home = folder / "home"
        provider = {"baseUrl": url, "api": "openai-completions", "apiKey": "k", "models": ["m"]}
        self.file = folder / "config.json5"
        self.file.write_text(json.dumps({"models": {"providers": {"here": provider}}}))
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "MODELWIRE_CACHE_DIR": str(folder / "cache"),
            "MODELWIRE_CONFIG": str(self.file),
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONWARNINGS": "error",
        }

    def start(self, *arguments):
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, SHIM, *arguments],
            cwd=self.folder,
            env=self.environ,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def run(self, *arguments, given=""):
        process = self.start(*arguments)
        try:
            output, errors = process.communicate(given, timeout=100)
        finally:
            process.kill()
        assert "Traceback" not in errors, errors
        return process.returncode, output, errors


def play_for(body):
    if "stall" in str(body["messages"][-1]["content"]):
        return Play(chat_frames(["wait", "more"]), Fault("stall", after=2))
    return Play(chat_frames(["Good ", "day."]))


@pytest.fixture
def server():
    with SseServer(choose=play_for) as server:
        yield server


@pytest.fixture
def program(server, tmp_path):
    return Program(tmp_path, server.url)


@pytest.mark.parametrize("command", ["complete", "chat"])
def test_a_question_is_answered(program, command):
    question = ("hi",) if command == "complete" else ()
    status, output, errors = program.run(command, "-m", "here/m", *question, given="hi\n")
    assert (status, output.strip()) == (0, "Good day."), errors


@pytest.mark.extensive("it starts programs of a simulated platform")
def test_several_lines_of_a_chat_are_kept_in_a_session(program):
    status, output, errors = program.run("chat", "-m", "here/m", given="one\ntwo\n")
    assert (status, output.count("Good day.")) == (0, 2), errors
    (path,) = program.home.rglob("*.jsonl")
    assert len(path.read_text().splitlines()) >= 5


@pytest.mark.extensive("it starts programs of a simulated platform")
def test_a_setting_is_written(program):
    status, _, errors = program.run("config", "set", "agents.defaults.model.primary", "here/m")
    assert status == 0, errors
    assert (
        json5.loads(program.file.read_text())["agents"]["defaults"]["model"]["primary"] == "here/m"
    )
    assert program.run("complete", "hi")[:2] == (0, "Good day.\n")


def test_doctor_looks_around(program):
    status, output, errors = program.run("doctor", "--json")
    assert status in (0, 1), errors
    assert json.loads(output)


@pytest.mark.parametrize("command", ["complete", "chat"])
def test_ctrl_c_stops_the_answer_in_good_order(program, server, command):
    question = ("--events", "stall") if command == "complete" else ()
    process = program.start(command, "-m", "here/m", *question)
    try:
        if command == "chat":
            process.stdin.write("stall\n")
            process.stdin.flush()
            assert process.stdout.read(4) == "wait"
        else:
            with process.stdin:  # it is read to its end, as a part of the prompt
                process.stdin = None
            while '"wait"' not in (line := process.stdout.readline()):
                assert line, process.stderr.read()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    if command == "chat":
        (path,) = program.home.rglob("*.jsonl")
        assert '"aborted"' in path.read_text()
    else:
        assert json.loads(output.splitlines()[-1])["error"]["errorCode"] == "cancelled"
    until(lambda: server.requests[-1].end)
    assert server.requests[-1].end == "client_left"


def test_the_emulator_starts_and_ctrl_c_ends_it(program):
    process = program.start("bedrock", "emulate", "--port", "0")
    try:
        line = process.stderr.readline()
        assert "Amazon Bedrock is emulated at" in line, line + process.stderr.read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, "Traceback" in errors) == (0, False), errors


def until(condition, seconds=60.0):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)
