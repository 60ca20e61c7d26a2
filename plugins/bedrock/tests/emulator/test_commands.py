"""The command line, as a real process."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
import trustme

# It takes long, so it begins early where processes share the tests.
pytestmark = pytest.mark.timeout(120)

NOVA = "us.amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
COMMAND = [sys.executable, "-m", "modelwire", "bedrock", "emulate"]


@contextmanager
def running(*options):
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def exported(process, count=10):
    """The variables that it tells to export."""
    lines = [process.stdout.readline() for _ in range(count)]
    return dict(re.fullmatch(r"export (\w+)='?(.*?)'?\n", line).groups() for line in lines)


def run(*options):
    return subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_announces_itself_serves_and_stops_at_once(session, number):
    with running() as process:
        variables = exported(process)
        client = session.client(
            "bedrock-runtime",
            endpoint_url=variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
            region_name=variables["AWS_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )
        answer = client.converse(modelId=NOVA, messages=HELLO)
        client.close()
        process.send_signal(number)
        _, shown = process.communicate(timeout=20)

    assert answer["stopReason"] == "end_turn"
    assert process.returncode == 0
    assert f"Converse {NOVA} -> 200 complete" in shown
    assert "Traceback" not in shown


def test_a_scenario_and_required_authentication(tmp_path, session):
    scenario = tmp_path / "scenario.json5"
    scenario.write_text("{ steps: [{ answer: 'from the file', times: 'always' }] }")
    with running("--scenario", str(scenario), "--require-auth", "--quiet") as process:
        variables = exported(process)

        def client(secret):
            return session.client(
                "bedrock-runtime",
                endpoint_url=variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
                region_name="us-east-1",
                aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=secret,
            )

        good, bad = client(variables["AWS_SECRET_ACCESS_KEY"]), client("wrong")
        answer = good.converse(modelId=NOVA, messages=HELLO)
        with pytest.raises(Exception, match="InvalidSignatureException"):
            bad.converse(modelId=NOVA, messages=HELLO)
        good.close()
        bad.close()

    assert answer["output"]["message"]["content"] == [{"text": "from the file"}]


def test_rules_are_switched_off_and_tools_are_called(session):
    rule = "toolChoice is not `any`"
    llama = "us.meta.llama4-maverick-17b-instruct-v1:0"
    spec = {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}
    with running("--skip-rule", rule, "--model", "synth") as process:
        variables = exported(process)
        client = session.client(
            "bedrock-runtime",
            endpoint_url=variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
            region_name=variables["AWS_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )
        offered = client.converse(modelId=NOVA, messages=HELLO, toolConfig={"tools": [spec]})
        forced = {"tools": [spec], "toolChoice": {"any": {}}}
        called = client.converse(modelId=llama, messages=HELLO, toolConfig=forced)
        with pytest.raises(client.exceptions.ValidationException):
            client.converse(modelId=NOVA, messages=[{"role": "user", "content": []}])
        client.close()
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=20)

    assert offered["stopReason"] == called["stopReason"] == "tool_use"
    assert "(rule: a message is not empty)" in shown


def test_a_port_that_is_taken_is_reported_in_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("--port", str(port))

    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken by another program" in done.stderr
    assert "Choose another with --port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--record", "x.jsonl"], "--record needs --upstream"),
        (["--upstream", "http://x", "--model", "local/x"], "--upstream answers every request"),
        (["--scenario", "/nowhere.json5"], "does not exist"),
        (["--port", "70000"], "70000"),
    ],
)
def test_misuse(options, words):
    done = run(*options)

    assert done.returncode == 2
    assert words in done.stderr


def test_a_wrong_scenario_is_reported(tmp_path):
    scenario = tmp_path / "scenario.json5"
    scenario.write_text("{ steps: [{ fault: 'explode' }] }")

    done = run("--scenario", str(scenario), "--port", "0")

    assert done.returncode == 1
    assert "steps[0].fault: there is no fault 'explode'" in done.stderr
    assert "Traceback" not in done.stderr


def test_https_with_a_certificate(tmp_path, session):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "server.pem")
    )
    with running("--certificate", str(tmp_path / "server.pem")) as process:
        variables = exported(process)
        client = session.client(
            "bedrock-runtime",
            endpoint_url=variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
            region_name=variables["AWS_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            verify=str(tmp_path / "ca.pem"),
        )
        answer = client.converse(modelId=NOVA, messages=HELLO)
        client.close()

    assert variables["AWS_ENDPOINT_URL_BEDROCK"].startswith("https://")
    assert answer["stopReason"] == "end_turn"


def test_a_wrong_certificate_is_reported(tmp_path):
    (tmp_path / "not.pem").write_text("nonsense")

    done = run("--port", "0", "--certificate", str(tmp_path / "not.pem"))

    assert done.returncode == 1
    assert "cannot be used" in done.stderr


def test_the_command_imports_nothing_heavy():
    code = (
        "import sys, modelwire_bedrock.commands\n"
        "print([m for m in ('aiohttp', 'botocore', 'boto3', 'asyncio') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout == "[]\n", done.stderr
