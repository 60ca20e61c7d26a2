"""The pytest fixture, in a pytest run of its own."""

import subprocess
import sys

from lean_pytest import environ_with

TEST = """
import boto3

def test_an_agent(bedrock_emulator):
    bedrock_emulator.answer("It is sunny.")
    client = boto3.client("bedrock-runtime", **bedrock_emulator.client_options())
    request = {"modelId": "us.amazon.nova-lite-v1:0",
               "messages": [{"role": "user", "content": [{"text": "How is the weather?"}]}]}

    answer = client.converse(**request)

    assert answer["output"]["message"]["content"] == [{"text": "It is sunny."}]
    assert bedrock_emulator.requests[0].parameters["messages"] == request["messages"]

def test_another(bedrock_emulator):
    assert bedrock_emulator.requests == []
"""


def test_it_is_there_and_starts_afresh_for_every_test(tmp_path):
    (tmp_path / "test_agent.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environ_with(["modelwire_bedrock.emulator.fixture"]),
    )

    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_loading_it_imports_nothing_heavy():
    code = (
        "import sys, pytest; before = set(sys.modules)\n"
        "import modelwire_bedrock.emulator.fixture\n"
        "new = set(sys.modules) - before\n"
        "print([m for m in ('aiohttp', 'botocore', 'boto3', 'asyncio') if m in new])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout == "[]\n", done.stderr
