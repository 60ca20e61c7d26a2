"""`modelwire setup` with the plugins of this project, against real servers on loopback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import json5
import preloaded
import pytest
from llama_server import llama_address

from modelwire_local.models import find_weights

ROOT = Path(__file__).parent.parent


@pytest.fixture
def environ(tmp_path):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONWARNINGS": "error",
        "MODELWIRE_TRUST": str(tmp_path),
    }


def run(*arguments, environ):
    return preloaded.run(arguments, env=environ, cwd=environ["HOME"], timeout=100)


def written(environ):
    path = Path(environ["HOME"], ".config", "modelwire", "modelwire.json5")
    return json5.loads(path.read_text())


def test_aws_is_set_up_and_answers(bedrock_emulator, environ):
    bedrock_emulator.answer("ok", times=None)
    environ |= bedrock_emulator.environ()
    done = run("setup", "--yes", "--provider", "aws-bedrock", environ=environ)
    assert done.returncode == 0, done.stderr
    primary = written(environ)["agents"]["defaults"]["model"]["primary"]
    assert primary.endswith("amazon.nova-lite-v1:0")
    assert "providers" not in written(environ).get("models", {})  # the environment says it all
    assert run("complete", "hi", environ=environ).stdout == b"ok\n"


def test_credentials_that_cannot_be_used_are_reported_and_not_written(
    bedrock_emulator, environ, tmp_path
):
    environ |= bedrock_emulator.environ() | {"AWS_PROFILE": "nobody"}
    del environ["AWS_ACCESS_KEY_ID"]
    done = run("setup", "--yes", "--provider", "amazon-bedrock", environ=environ)
    assert done.returncode == 1
    assert b"nobody" in done.stderr
    assert not (tmp_path / ".config").exists()


def test_a_region_and_a_profile_are_written(bedrock_emulator, environ):
    environ |= bedrock_emulator.environ()
    options = ("--region", "eu-west-1", "--profile", "work", "--api-key-env", "TEAM_KEY")
    done = run("setup", "--yes", "--no-test", "--provider", "bedrock", *options, environ=environ)
    assert done.returncode == 0
    assert written(environ)["models"]["providers"]["amazon-bedrock"] == {
        "region": "eu-west-1",
        "profile": "work",
        "apiKey": {"source": "env", "id": "TEAM_KEY"},
    }


def test_a_server_of_ones_own_is_set_up_and_answers(environ):
    address = llama_address()
    done = run("setup", "--yes", "--provider", "my-box", "--base-url", address, environ=environ)
    assert done.returncode == 0, done.stderr
    assert written(environ)["models"]["providers"]["my-box"] == {
        "api": "openai-completions",
        "baseUrl": address,
    }
    assert written(environ)["agents"]["defaults"]["model"]["primary"] == "my-box/smollm2"
    answer = run("complete", "--max-tokens", "8", "Say hello.", environ=environ)
    assert answer.returncode == 0
    assert answer.stdout.strip()


def test_a_known_server_at_another_place_keeps_its_name(environ):
    address = llama_address().removesuffix("/v1")
    done = run("setup", "--yes", "--provider", "llama.cpp", "--base-url", address, environ=environ)
    assert done.returncode == 0, done.stderr
    assert written(environ)["models"]["providers"] == {"llamacpp": {"baseUrl": address}}


def test_a_name_that_no_reference_could_have_is_refused(environ):
    options = ("--base-url", "http://127.0.0.1:9/v1")
    done = run("setup", "--yes", "--provider", "my/box", *options, environ=environ)
    assert done.returncode == 2
    assert b"no space and no slash" in done.stderr


def test_nothing_is_enough_for_the_small_model(environ):
    if find_weights() is None:
        pytest.skip("the weights are not installed: modelwire local install")
    options = ("--timeout", "90")  # the model computes, and has no machine for itself
    done = run("setup", "--json", "--provider", "local", *options, environ=environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == "local/smollm2-135m-instruct"


def test_a_plugin_that_is_not_installed_is_named_with_its_command(environ, tmp_path):
    place = tmp_path / "site"
    place.mkdir()
    for path in Path(click.__file__).parent.parent.iterdir():
        if "modelwire_bedrock" not in path.name:
            (place / path.name).symlink_to(path)
    environ["PYTHONPATH"] = os.pathsep.join([str(place), str(ROOT / "core" / "src")])
    # Without its own start-up files, Python sees the packages of these two places only.
    command = [sys.executable, "-S", "-m", "modelwire", "setup", "--yes", "--provider", "aws"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"Run: pip install modelwire-bedrock" in done.stderr


def test_the_doctor_tells_one_trouble_once(environ, tmp_path):
    settings = {"models": {"providers": {"vllm": {"baseUrl": "http://127.0.0.1:9/v1"}}}}
    (tmp_path / "modelwire.json5").write_text(json.dumps(settings))
    checks = json.loads(run("doctor", "--json", environ=environ).stdout)["checks"]
    problems = [check for check in checks if check["state"] == "problem"]
    assert [check["check"] for check in problems] == ["reachability"]
