"""Foreign clients, unchanged: each runs in an environment of its own against the emulator.

The light ones run always; all of them with `MODELWIRE_FOREIGN_CLIENTS=1`. Environments are made once,
in `.venv-bench/client-<name>`; a client that cannot be installed is skipped, and the reason said.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from foreign_clients import every_client, node_with, python_with

from modelwire_bedrock.emulator import Emulator

# The first run on a machine installs the packages.
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.extensive("it fills an environment for each client"),
]

HERE = Path(__file__).parent
OWN = ("boto3", "modelwire")
LIGHT = ("aiobotocore", "awscli")
HEAVY = ("anthropic", "any_llm", "langchain_aws", "openai", "pydantic_ai", "strands")
NODE = ("javascript", "vercel")
BEARING = ("anthropic", "openai")
"""Clients that are run with a bearer token as well; boto3's send one over HTTPS alone."""
SAID = "This is the Bedrock emulator. You said: Hello"
ANSWERS = {
    "text": SAID,
    "streamed": SAID,
    "tool": "look",
    "typed": 1,
    "vector": 1024,
    "listed": True,
    "counted": True,
}
"""What clients print; what a client does not do is missing."""
AFTER_A_TOOL = {"pydantic_ai": "text", "strands": "streamed"}
"""Where agents print the answer after the result of their tool."""


def run(name, emulator, home, *, bearer=False):
    """What a client's script prints."""
    if name in NODE:
        folder = node_with(f"client-{name}", HERE / f"{name}.txt")
        shutil.copy(HERE / f"{name}_client.mjs", folder)
        command = ["node", folder / f"{name}_client.mjs"]
    else:
        environment, wanted = f"client-{name}", HERE / f"{name}.txt"
        python = sys.executable if name in OWN else python_with(environment, wanted)
        command = [python, HERE / f"{name}_client.py"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), **emulator.environ(bearer=bearer)}
    environ["AWS_EC2_METADATA_DISABLED"] = "true"
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def expected(name, answers):
    """What a client should have printed, for what it printed at all."""
    wanted = {key: ANSWERS[key] for key in answers if key in ANSWERS}
    if name in AFTER_A_TOOL:
        wanted[AFTER_A_TOOL[name]] = SAID.replace("Hello", "sunny")
    return wanted


def check(name, home, *, bearer=False):
    with Emulator(require_auth=True) as emulator:
        answers = run(name, emulator, home, bearer=bearer)
        assert {key: answers[key] for key in expected(name, answers)} == expected(name, answers)
        assert "text" in answers
        refused = [request.status for request in emulator.requests if request.status != 200]
        assert refused == answers.get("refused", [])
        assert all(request.identity.verified for request in emulator.requests)
        kinds = {request.identity.kind for request in emulator.requests}
        assert kinds == {"bearer" if bearer else "sigv4"}


@pytest.mark.parametrize("name", [*OWN, *LIGHT])
def test_a_light_client_runs_unchanged(name, tmp_path):
    check(name, tmp_path)


@every_client
@pytest.mark.parametrize("name", [*HEAVY, *NODE])
def test_a_framework_runs_unchanged(name, tmp_path):
    check(name, tmp_path)


@every_client
@pytest.mark.parametrize("name", BEARING)
def test_a_client_runs_unchanged_with_a_bearer_token(name, tmp_path):
    check(name, tmp_path, bearer=True)
