"""The plugin of `docs/writing-a-plugin.md`, built as a wheel, works in a clean environment."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

# Building wheels and filling an environment takes as long as the package index does.
pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[1]


def code_blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """The core and the documented plugin, as wheels that were built from their sources."""
    folder = tmp_path_factory.mktemp("wheels")
    source = tmp_path_factory.mktemp("modelwire-parrot")
    (source / "pyproject.toml").write_text(code_blocks("writing-a-plugin.md", "toml")[0])
    plugin = code_blocks("writing-a-plugin.md", "python")[0]
    (source / "modelwire_parrot.py").write_text(plugin)
    assert len([line for line in plugin.splitlines() if line.strip()]) <= 30
    for package in (ROOT / "core", source):
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, package)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def clean(wheels, tmp_path_factory):
    """An environment in which nothing is installed but those wheels and what they need."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", *wheels)
    return folder / "bin"


@pytest.fixture
def modelwire(clean, tmp_path):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return lambda *arguments: run(clean / "modelwire", *arguments, env=environ, cwd=tmp_path)


def test_it_answers_without_any_change_to_the_core(modelwire):
    spoken = modelwire("complete", "--model", "parrot/grey", "Polly wants a cracker")
    assert spoken == "Polly wants a cracker\n"


def test_it_is_listed_with_its_models(modelwire):
    assert "modelwire-parrot 0.1.0  ok\n  providers: parrot" in modelwire("plugins", "list")
    assert modelwire("models", "list", "--plain") == "parrot/grey\n"


def test_its_limit_is_reported(modelwire):
    import json

    message = json.loads(
        modelwire("complete", "-m", "parrot/grey", "--json", "--max-tokens", "2", "a b c")
    )
    assert (message["stopReason"], message["content"][0]["text"]) == ("length", "a b")
    assert (message["usage"]["input"], message["usage"]["output"]) == (3, 2)


def test_the_page_shows_what_really_happens(modelwire):
    console = code_blocks("writing-a-plugin.md", "console")[0]
    shown = dict(re.findall(r"^\$ (modelwire .*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE))
    assert len(shown) == 3
    import shlex

    for command, output in shown.items():
        assert modelwire(*shlex.split(command)[1:]) == output
