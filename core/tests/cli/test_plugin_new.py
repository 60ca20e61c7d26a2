"""`modelwire plugin new`, through the installed program."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelwire.cli.plugin.names import PluginNames, check_free
from modelwire.errors import ConfigError

MODELWIRE = Path(sys.executable).with_name("modelwire")


@pytest.fixture
def new(tmp_path):
    def run(*arguments):
        command = [MODELWIRE, "plugin", "new", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_a_package_is_written_and_the_next_steps_are_reported(new, tmp_path):
    done = new("acme")
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "modelwire-acme"
    assert (folder / "src/modelwire_acme/plugin.py").is_file()
    assert (folder / ".github/workflows/test.yml").is_file()
    assert (folder / ".gitignore").is_file()
    assert 'modelwire complete --model acme/echo "Hello"' in done.stdout


def test_every_name_is_that_of_the_provider(new, tmp_path):
    assert new("Big-Cloud9", "--dir", "here/there").returncode == 0
    folder = tmp_path / "here" / "there"
    files = [path for path in folder.rglob("*") if path.is_file()]
    texts = {path: path.read_text() for path in files}
    assert not [
        path
        for path, text in texts.items()
        if re.search("acme", f"{path.name}{text}", re.IGNORECASE)
    ]
    assert 'big-cloud9 = "modelwire_big_cloud9.plugin"' in texts[folder / "pyproject.toml"]
    assert "TestBigCloud9 = provider_suite(" in texts[folder / "tests/test_conformance.py"]
    assert "BIG_CLOUD9_API_KEY" in texts[folder / "src/modelwire_big_cloud9/account.py"]


def test_a_name_may_hold_the_templates_own(new, tmp_path):
    assert new("acme-cloud").returncode == 0
    module = tmp_path / "modelwire-acme-cloud" / "src" / "modelwire_acme_cloud"
    assert "from modelwire_acme_cloud.account import" in (module / "plugin.py").read_text()


def test_programs_get_the_list_of_files(new, tmp_path):
    told = json.loads(new("modelwire-acme", "--json").stdout)
    assert told["provider"] == "acme"
    assert all((tmp_path / told["directory"] / file).is_file() for file in told["files"])
    assert "pyproject.toml" in told["files"]


@pytest.mark.parametrize("name", ["", "9acme", "a--b", "acme-", "Foo Bar", "ä", "a/b", "a" * 31])
def test_what_cannot_be_an_id_is_refused(new, tmp_path, name):
    done = new("--", name)
    assert done.returncode == 1
    assert "cannot be the id of a provider" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("json", "a module of Python's standard library"),
        ("modelwire-JSON", "a module of Python's standard library"),
        ("class", "a keyword of Python"),
        ("match", "a keyword of Python"),
        ("modelwire", "the name of modelwire itself"),
    ],
)
def test_what_python_or_modelwire_calls_something_else_is_refused(new, tmp_path, name, owner):
    done = new(name)
    assert done.returncode == 1
    assert f"cannot be the id of a provider: it is {owner}." in done.stderr
    assert "Hint: Choose another name, such as acme-cloud." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_names_that_only_contain_such_a_word_are_accepted(new):
    assert new("json-cloud").returncode == 0


def test_nothing_is_overwritten(new, tmp_path):
    folder = tmp_path / "modelwire-acme"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    done = new("acme")
    assert done.returncode == 1
    assert "nothing is overwritten" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_an_empty_folder_may_be_filled(new, tmp_path):
    (tmp_path / "empty").mkdir()
    assert new("acme", "--dir", "empty").returncode == 0


def test_a_folder_that_cannot_be_written_is_reported(new, tmp_path):
    (tmp_path / "file").write_text("")
    done = new("acme", "--dir", "file/below")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_id_that_an_installed_plugin_has_is_refused(tmp_path):
    done = _beside(tmp_path, "taken", "[modelwire.providers]\nzenith = taken\n", "zenith")
    assert done.returncode == 1
    assert "taken is installed and provides 'zenith' already" in done.stderr


def test_the_name_of_an_installed_package_without_providers_is_refused(tmp_path):
    entry_points = "[modelwire.middleware]\nwatch = taken\n"
    done = _beside(tmp_path, "modelwire_watch_all", entry_points, "watch-all")
    assert done.returncode == 1
    assert "modelwire_watch_all is installed already" in done.stderr


@pytest.mark.parametrize("name", ["groq", "z-ai", "bedrock"])
def test_an_id_of_a_plugin_of_this_project_is_refused_where_it_is_not_installed(name):
    with pytest.raises(ConfigError, match="already") as caught:
        check_free(PluginNames.parse(name), [])
    assert caught.value.hint.startswith("Run: pip install modelwire-")


def _beside(folder, package, entry_points, name):
    """Run the command where a package of this name is installed, too."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    return subprocess.run(
        [MODELWIRE, "plugin", "new", name],
        env={"PYTHONPATH": str(folder), "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
    )
