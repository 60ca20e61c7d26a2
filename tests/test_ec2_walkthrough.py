"""From a fresh EC2 instance with a role to an answer, as the page on Amazon Bedrock says.

The instance metadata service and Amazon Bedrock are stand-ins on loopback; the program, botocore's
chain of credentials and the signatures, which are verified, are real. No variable names keys, a
profile or a region.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import preloaded
import pytest
from console_pages import blocks_of
from instance_metadata import InstanceMetadata
from long_runs import is_long

from modelwire_bedrock.emulator import Emulator
from modelwire_bedrock.emulator.auth import Credentials

pytestmark = pytest.mark.timeout(240)

PAGE = Path(__file__).parents[1] / "docs" / "amazon-bedrock.md"
PROGRAM = Path(sys.executable).parent
SECRETS = ("role-secret-of-the-instance", "session-token-of-the-instance")
REGION = "eu-west-1"


def walk_through():
    (block,) = (block for block in blocks_of(PAGE) if "walk-through" in block.comments)
    return [command.typed for command in block.commands()]


@pytest.fixture
def metadata():
    with InstanceMetadata("agent", "ASIAINSTANCEROLE", *SECRETS) as service:
        yield service


@pytest.fixture
def bedrock(metadata):
    """An account that knows the role's keys and nobody else's."""
    role = Credentials(metadata.access_key_id, *SECRETS)
    with Emulator(require_auth=True, credentials=[role], region=REGION) as emulator:
        emulator.answer("Paris.", times=None)
        yield emulator


@pytest.fixture
def instance(metadata, bedrock, tmp_path):
    """The environment of a fresh instance, and where its services are."""
    programs = tmp_path / "programs"
    programs.mkdir()
    environ = {
        "PATH": os.pathsep.join([str(programs), str(PROGRAM), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "PYTHONWARNINGS": "error",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url,
        "AWS_ENDPOINT_URL_BEDROCK": bedrock.url,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url,
    }
    if not is_long():
        preloaded.install(programs, environ)
    return environ


def run(typed, environ):
    done = subprocess.run(
        ["bash", "-c", typed], env=environ, cwd=environ["HOME"], capture_output=True, timeout=100
    )
    shown = done.stdout + done.stderr
    assert not any(secret.encode() in shown for secret in SECRETS)
    assert done.returncode == 0, f"{typed}\n{shown.decode()}"
    return done.stdout.decode()


def test_every_step_of_the_page_works(instance, metadata, bedrock):
    printed = {}
    for typed in walk_through():
        if not typed.startswith("pip "):
            printed[typed] = run(typed, instance)
    listed = printed["modelwire models list"]
    assert "amazon-bedrock/eu.amazon.nova-lite-v1:0" in listed
    status = printed["modelwire models status --probe"]
    assert "EC2 instance metadata" in status
    assert REGION in status
    assert "usable" in status
    assert printed['modelwire complete "What is the capital of France?"'] == "Paris.\n"
    assert "PUT /latest/api/token" in metadata.seen
    assert "GET /latest/meta-data/iam/security-credentials/agent" in metadata.seen
    asked = bedrock.requests[-1]
    assert asked.operation == "ConverseStream"
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert f"/{REGION}/bedrock/" in headers["authorization"]


def test_the_page_asks_for_no_variable(instance):
    assert not any("export" in typed for typed in walk_through())
    assert not {"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"} & set(instance)


def test_setup_needs_one_command_for_it(instance, bedrock):
    setup = f"modelwire setup --yes --provider amazon-bedrock --region {REGION}"
    assert "Tested: amazon-bedrock/eu.amazon.nova-lite-v1:0" in run(setup, instance)
    assert run('modelwire complete "hi"', instance) == "Paris.\n"


def test_the_doctor_finds_the_role_and_where_bedrock_is(instance, bedrock):
    run(f"modelwire setup --yes --provider amazon-bedrock --region {REGION}", instance)
    checks = json.loads(run("modelwire doctor --json", instance))["checks"]
    messages = [check["message"] for check in checks]
    assert f"amazon-bedrock: EC2 instance metadata, region {REGION}" in messages
    assert any(f"amazon-bedrock: {bedrock.url} answers" in message for message in messages)


def test_a_role_without_keys_is_reported_and_not_waited_for_long(instance, metadata):
    run("modelwire config set agents.defaults.model amazon-bedrock/any", instance)
    metadata.role = ""
    typed = "modelwire models status --probe --check --json"
    done = subprocess.run(
        ["bash", "-c", typed], env=instance, cwd=instance["HOME"], capture_output=True, timeout=60
    )
    assert done.returncode == 1
