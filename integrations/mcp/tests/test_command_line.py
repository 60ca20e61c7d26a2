"""`--mcp` and `mcp.servers`: servers as tools of `modelwire complete`, `chat` and `doctor`."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clean_venv import build_wheels, make_venv

from processes import EVERYTHING, wait_until_gone

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture
def site(tmp_path):
    """A folder with the package of the scripted model, as if it were installed."""
    folder = tmp_path / "site"
    info = folder / "modelwire_scripted-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(HERE / "scripted_model.py", folder)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: modelwire-scripted\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text("[modelwire.providers]\nscripted = scripted_model\n")
    return folder


@pytest.fixture
def modelwire(site, tmp_path):
    """Runs the command line in a folder of its own; returns what came out of it."""
    home = tmp_path / "home"
    home.mkdir()

    def run(*words, python=sys.executable, stdin="", cwd=home, env=None, code=0):
        environ = {
            "PATH": os.pathsep.join([str(Path(python).parent), os.environ["PATH"]]),
            "HOME": str(home),
            "PYTHONPATH": str(site),
            "MODELWIRE_STATE_DIR": str(tmp_path / "state"),
            **(env or {}),
        }
        done = subprocess.run(
            [python, "-m", "modelwire", *words],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=cwd,
            env=environ,
            timeout=120,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    return run


def ask(*words):
    return ("-m", "scripted/m", *words)


def configured(tmp_path, **servers):
    path = tmp_path / "modelwire.json5"
    path.write_text(json.dumps({"mcp": {"servers": servers}}))
    return path


def test_complete_runs_the_tools_of_a_server(modelwire):
    command = " ".join(EVERYTHING)
    prompt = '[["everything_server__add", {"a": 20, "b": 22}]]'
    done = modelwire("complete", *ask("--yes", "--mcp", command, "--json", prompt))
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert messages[1]["content"] == [{"type": "text", "text": "42"}]


def test_chat_takes_servers_of_the_configuration_by_name(modelwire, tmp_path):
    server = {"command": EVERYTHING[0], "args": EVERYTHING[1:], "env": {"SERVICE_KEY": "k"}}
    path = configured(tmp_path, all=server)
    words = ("--yes", "--no-session", "--mcp", "all", "--config", str(path))
    prompts = '/tools\n[["all__add", {"a": 20, "b": 22}], ["all__where", {}]]\n'
    done = modelwire("chat", *ask(*words), stdin=prompts)
    assert "all__add: Add two numbers." in done.stdout
    assert "42" in done.stderr
    pid, child = re.search(r"(\d+) (\d+) SERVICE_KEY", done.stderr).groups()
    wait_until_gone(int(pid), int(child))


def test_without_approval_no_tool_runs(modelwire):
    command = " ".join(EVERYTHING)
    prompt = '[["everything_server__add", {"a": 1, "b": 1}]]'
    done = modelwire("chat", *ask("--no-session", "--mcp", command), stdin=prompt)
    assert "--yes allows all of them" in done.stderr


def test_help_describes_the_option(modelwire):
    for command in ("complete", "chat"):
        said = " ".join(modelwire(command, "--help").stdout.split())
        assert "--mcp NAME|URL|COMMAND Let the model call the tools of an MCP server." in said


def test_an_untrusted_file_starts_no_server(modelwire, tmp_path):
    folder = tmp_path / "cloned"
    folder.mkdir()
    mark = folder / "started"
    server = {"command": "touch", "args": [str(mark)]}
    (folder / "modelwire.json5").write_text(json.dumps({"mcp": {"servers": {"evil": server}}}))
    done = modelwire("complete", *ask("--yes", "--mcp", "evil", "[]"), cwd=folder, code=1)
    assert "There is no program 'evil'" in done.stderr
    modelwire("doctor", cwd=folder)
    assert not mark.exists()


def test_doctor_asks_the_servers_of_the_configuration(modelwire, tmp_path):
    good = {"command": EVERYTHING[0], "args": EVERYTHING[1:]}
    path = configured(
        tmp_path,
        good=good,
        gone={"command": "no-such-program-1"},
        off={"command": "no-such-program-2", "enabled": False},
    )
    done = modelwire("doctor", "--json", "--config", str(path), "--timeout", "60", code=1)
    found = [each for each in json.loads(done.stdout)["checks"] if each["check"] == "tools"]
    texts = {each["state"]: each["message"] for each in found}
    assert texts["ok"].startswith("mcp good offers ")
    assert "no-such-program-1" in texts["problem"]
    assert "no-such-program-2" not in done.stdout
    offline = modelwire("doctor", "--json", "--offline", "--config", str(path), code=None)
    assert "mcp good was not contacted." in offline.stdout


WRONG = {
    "both": {"command": "x", "url": "http://host"},
    "neither": {"args": []},
    "args": {"command": "x", "args": "y"},
    "auth": {"url": "http://host", "auth": "oauth"},
    "transport": {"url": "http://host", "transport": "sse"},
}


def test_each_mistake_of_the_configuration_is_named(modelwire, tmp_path):
    path = configured(tmp_path, **WRONG)
    done = modelwire("doctor", "--config", str(path), code=1)
    said = " ".join(done.stdout.split())
    for place in ("both", "neither", "args.args", "auth.auth", "transport.transport"):
        assert f"mcp.servers.{place}: " in said
    near = configured(tmp_path, weather={"command": "x"})
    done = modelwire(
        "complete", *ask("--yes", "--mcp", "wether", "--config", str(near), "[]"), code=1
    )
    assert "Did you mean 'weather'?" in done.stderr


REAL = {
    "mcp-server-time": (
        ["--local-timezone", "UTC"],
        [["time__get_current_time", {"timezone": "Europe/Zurich"}]],
        "Europe/Zurich",
    ),
    "mcp-server-git": (
        [],
        [["git__git_status", {"repo_path": "{repo}"}]],
        "On branch",
    ),
}


@pytest.mark.timeout(900)
def test_servers_from_the_package_index_work_with_chat_from_wheels(modelwire, tmp_path):
    wheels = build_wheels(tmp_path / "wheels", ROOT / "core", ROOT / "integrations" / "mcp")
    programs = make_venv(tmp_path / "venv", *wheels, *REAL)
    repo = tmp_path / "repo"
    subprocess.run(["git", "init", "--quiet", str(repo)], check=True)
    for package, (arguments, calls, expected) in REAL.items():
        name = package.removeprefix("mcp-server-")
        python = str(programs / "python")
        server = {"command": python, "args": ["-m", package.replace("-", "_"), *arguments]}
        path = configured(tmp_path, **{name: server})
        prompt = json.dumps(calls).replace("{repo}", str(repo)) + "\n"
        words = ("--yes", "--no-session", "--mcp", name, "--config", str(path))
        done = modelwire("chat", *ask(*words), python=python, stdin=prompt)
        assert expected in done.stderr + done.stdout, package
