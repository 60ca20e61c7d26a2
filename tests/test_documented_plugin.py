"""The plugin of `docs/writing-a-plugin.md`, built as a wheel, works in a clean environment."""

import re
from pathlib import Path

import pytest
from clean_venv import build_wheels, environ_of, make_venv, run

# Building wheels and filling an environment takes as long as the package index does.
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.extensive("it builds a wheel, and installs it in a new environment"),
]

ROOT = Path(__file__).parents[1]


def code_blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """The core and the documented plugin, as wheels that were built from their sources."""
    folder = tmp_path_factory.mktemp("wheels")
    source = tmp_path_factory.mktemp("modelwire-parrot")
    (source / "pyproject.toml").write_text(code_blocks("writing-a-plugin.md", "toml")[0])
    plugin = code_blocks("writing-a-plugin.md", "python")[0]
    (source / "modelwire_parrot.py").write_text(plugin)
    assert len([line for line in plugin.splitlines() if line.strip()]) <= 30
    return build_wheels(folder, ROOT / "core", source)


@pytest.fixture(scope="session")
def clean(wheels, tmp_path_factory):
    """An environment in which nothing is installed but those wheels and what they need."""
    return make_venv(tmp_path_factory.mktemp("clean"), *wheels)


@pytest.fixture
def modelwire(clean, tmp_path):
    environ = environ_of(clean, tmp_path)
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
    blocks = code_blocks("writing-a-plugin.md", "console")
    (console,) = [block for block in blocks if "parrot" in block]
    shown = dict(re.findall(r"^\$ (modelwire .*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE))
    assert len(shown) == 3
    import shlex

    for command, output in shown.items():
        assert modelwire(*shlex.split(command)[1:]) == output
