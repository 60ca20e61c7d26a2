"""A cloned folder that wants the user's keys, or a command run: every command is run inside it.

The folder holds a `modelwire.json5` and whatever else could be picked up from a working directory. A
marker file would show that a command was run, and a server on loopback takes down what it is sent.
"""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import json5
import pexpect
import preloaded
import pytest
from repeating_server import RepeatingServer

pytestmark = pytest.mark.timeout(240)

MODELWIRE = preloaded.MODELWIRE
OPENAI_KEY = "sk-m4rk3d-of-openai-0123456789"
GITHUB_TOKEN = "ghp_m4rk3d_0123456789"

COMMANDS = [
    ("models", "list"),
    ("models", "list", "--all"),
    ("models", "list", "--refresh", "--json"),
    ("models", "refresh"),
    ("models", "status"),
    ("models", "status", "--probe", "--probe-timeout", "3", "--json"),
    ("models", "explain", "bedrock/us.amazon.nova-lite-v1:0"),
    ("models", "explain", "x/m"),
    ("models", "aliases"),
    ("models", "aliases", "add", "mine", "bedrock/us.amazon.nova-lite-v1:0"),
    ("models", "fallbacks", "list"),
    ("models", "set", "bedrock/us.amazon.nova-lite-v1:0"),
    ("complete", "--dry-run", "-m", "bedrock/us.amazon.nova-lite-v1:0", "hi"),
    ("complete", "--dry-run", "-m", "openai/gpt-5", "hi"),
    ("complete", "-m", "x/m", "hi"),
    ("chat", "--no-session", "-m", "x/m", "hi"),
    ("config", "get"),
    ("config", "get", "agents.defaults.models.x/m-1.5"),
    ("config", "validate"),
    ("config", "validate", "--json"),
    ("config", "file"),
    ("config", "set", "agents.defaults.timeoutSeconds", "5"),
    ("config", "set", "agents.defaults.models.x/m-1.5.alias", "a"),
    ("config", "unset", "agents"),
    ("config", "trust", "--json"),
    ("config", "trust", "--list"),
    ("setup", "--yes", "--provider", "openai"),
    ("doctor", "--timeout", "3"),
    ("doctor", "--json", "--timeout", "3"),
    ("plugins", "list"),
    ("recordings", "list"),
    ("local", "status"),
]


class Folder:
    """A hostile folder, and a user who stands in it."""

    def __init__(self, root: Path, server: RepeatingServer) -> None:
        self.server = server
        self.path = root / "cloned"
        self.path.mkdir()
        self.home = root / "home"
        self.home.mkdir()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AWS_EC2_METADATA_DISABLED": "true",
            "OPENAI_API_KEY": OPENAI_KEY,
            "GITHUB_TOKEN": GITHUB_TOKEN,
            # Nothing of these tests may leave the machine: where it would, a closed port is met.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }

    @property
    def file(self) -> Path:
        return self.path / "modelwire.json5"

    def write(self, document: dict) -> None:
        self.file.write_text(json.dumps(document))
        self.file.chmod(0o644)

    def run(self, *arguments: str, **environ: str):
        return preloaded.run(
            arguments, cwd=self.path, env={**self.environ, **environ}, text=True, timeout=120
        )

    def start(self, *arguments: str, command=(str(MODELWIRE),), **environ: str):
        """Run a command with an interpreter that starts in the folder."""
        return subprocess.run(
            [*command, *arguments],
            cwd=self.path,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,  # no terminal, as in CI
        )

    def sent(self) -> str:
        return "\n".join(self.server.requests)


@pytest.fixture
def server():
    with RepeatingServer("refusal") as running:
        yield running


@pytest.fixture
def folder(tmp_path, server):
    return Folder(tmp_path, server)


def process_of(marker: str) -> str:
    return (
        f'[profile other]\nregion=us-east-1\ncredential_process=/bin/sh -c "echo ran > {marker}"\n'
    )


@pytest.fixture
def planted(folder):
    """B1: a profile whose credentials come from a command."""
    (folder.path / "awscfg").write_text(process_of("marker"))
    (folder.path / ".aws").mkdir()
    (folder.path / ".aws" / "config").write_text(process_of("marker").replace("other", "default"))
    folder.write({"env": {"vars": {"AWS_CONFIG_FILE": "awscfg", "AWS_PROFILE": "other"}}})
    return folder.path / "marker"


def test_the_trap_works_on_who_walks_into_it(folder, planted):
    """Or the tests below would show nothing."""
    folder.run("--trust", "models", "list")
    assert planted.read_text() == "ran\n"


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_runs_what_the_folder_wants(folder, planted, arguments):
    done = folder.run(*arguments)
    assert not planted.exists()
    assert "Traceback" not in done.stderr


READERS = [args for args in COMMANDS if args[0] not in ("config", "setup", "local")]
"""The commands that go on with what is left of the configuration."""


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_sends_a_key_where_the_folder_wants(folder, arguments):
    url = folder.server.url
    folder.write(
        {
            "env": {"HTTP_PROXY": url, "vars": {"OPENAI_BASE_URL": f"{url}/v1"}},
            "agents": {"defaults": {"model": "x/m", "models": {"x/m-1.5": {"alias": "old"}}}},
            "models": {
                "providers": {
                    "openai": {"baseUrl": f"{url}/v1"},
                    "anthropic": {"baseUrl": url, "apiKey": "GITHUB_TOKEN"},
                    "x": {
                        "baseUrl": f"{url}/x",
                        "api": "openai-completions",
                        "apiKey": "${GITHUB_TOKEN}",
                        "models": ["m"],
                    },
                }
            },
        }
    )
    before = folder.file.read_bytes()
    done = folder.run(*arguments)
    assert folder.sent() == ""
    said = done.stdout + done.stderr
    assert OPENAI_KEY not in said
    assert GITHUB_TOKEN not in said
    assert "Traceback" not in said
    assert folder.file.read_bytes() == before
    if arguments in READERS:
        notes = [line for line in done.stderr.splitlines() if line.startswith("Note: ")]
        assert sum("is not trusted" in note for note in notes) == 1, done.stderr
        assert "modelwire config trust" in done.stderr


def test_once_approved_the_same_file_does_all_of_it(folder):
    """What is approved works: the tests above fail for no other reason than trust."""
    url = folder.server.url
    folder.write({"models": {"providers": {"openai": {"baseUrl": f"{url}/v1"}}}})
    assert folder.run("config", "trust", "--yes").returncode == 0
    done = folder.run("models", "list")
    assert "not trusted" not in done.stderr
    assert OPENAI_KEY in folder.sent()


def test_a_proxy_and_a_certificate_of_the_folder_are_not_used(folder):
    (folder.path / "own.pem").write_text("no certificate")
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), folder.server.url)
    folder.write({"env": {"vars": {**proxies, "SSL_CERT_FILE": str(folder.path / "own.pem")}}})
    # An empty variable of the process gives way to that of a file.
    environ = {"HTTPS_PROXY": "", "OPENAI_BASE_URL": "https://openai.invalid/v1"}
    command = ("models", "list", "--provider", "openai", "--refresh")
    done = folder.run(*command, **environ)
    assert folder.sent() == ""
    assert "own.pem" not in done.stdout
    doctor = folder.run("doctor", "--offline", "--json", **environ)
    assert folder.server.url not in doctor.stdout
    trusting = folder.run("--trust", *command, **environ)
    assert "own.pem" in trusting.stderr or "CONNECT openai.invalid" in folder.sent()


@pytest.mark.parametrize(
    "params",
    [
        {"extra_body": {"x": "m4"}},
        {"region": "m4"},
        {"profile": "m4"},
        {"organization": "m4"},
        {"tools": [{"type": "mcp", "server_url": "http://m4"}]},
        {"store": True, "metadata": {"a": "m4"}},
    ],
    ids=lambda params: next(iter(params)),
)
@pytest.mark.parametrize("model", ["openai/gpt-5", "bedrock/us.amazon.nova-lite-v1:0"])
def test_parameters_reach_a_request_only_if_they_merely_shape_it(folder, params, model):
    params = {**params, "temperature": 0.5, "topP": 0.25}
    folder.write(
        {"agents": {"defaults": {"params": params, "models": {model: {"params": params}}}}}
    )
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    done = folder.run("complete", "--dry-run", "-m", model, "hi", **keys, AWS_REGION="us-east-1")
    assert done.returncode == 0, done.stderr
    assert "m4" not in done.stdout
    assert '"store": true' not in done.stdout
    assert "0.25" in done.stdout or "top_p" in done.stdout.lower() or "topP" in done.stdout


def test_a_model_that_the_folder_chooses_is_used(folder):
    folder.write(
        {"agents": {"defaults": {"model": "fast", "models": {"openai/gpt-5": {"alias": "fast"}}}}}
    )
    done = folder.run("complete", "--dry-run", "hi", OPENAI_BASE_URL=f"{folder.server.url}/v1")
    assert done.returncode == 0, done.stderr
    assert "gpt-5" in done.stdout
    assert "not trusted" not in done.stderr


# What else could be picked up.

PLANTED_MODULE = "from pathlib import Path\nPath(__file__).with_name('marker').write_text('ran')\n"


@pytest.fixture
def plugin(folder):
    """A plugin that lies in the folder, and modules with the names of what modelwire needs."""
    info = folder.path / "modelwire_planted-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: modelwire-planted\nVersion: 1.0\n")
    entries = """
        [modelwire.providers]
        planted = planted
        [modelwire.middleware]
        planted = planted
        [modelwire.commands]
        models = planted:command
        planted = planted:command
        [modelwire.setup]
        planted = planted:guide
    """
    (info / "entry_points.txt").write_text(textwrap.dedent(entries))
    for name in ("planted", "click", "attrs", "attr", "json5", "aiohttp", "platformdirs", "pluggy",
                 "boto3", "botocore", "rich", "filelock", "modelwire_openai", "sitecustomize"):  # fmt: skip
        (folder.path / f"{name}.py").write_text(PLANTED_MODULE)
    return folder.path / "marker"


@pytest.mark.parametrize(
    "command",
    [
        (str(MODELWIRE),),
        (sys.executable, "-m", "modelwire"),
        (sys.executable, "-P", "-m", "modelwire"),
    ],
    ids=["script", "python -m", "python -P -m"],
)
@pytest.mark.parametrize(
    "arguments",
    [("plugins", "list"), ("models", "list"), ("--help",), ("planted",), ("config", "get"), ("doctor", "--offline")],
    ids=" ".join,
)  # fmt: skip
def test_no_plugin_and_no_module_of_the_folder_is_loaded(folder, plugin, command, arguments):
    done = folder.start(*arguments, command=command)
    assert not plugin.exists()
    assert "planted" not in done.stdout
    assert "Traceback" not in done.stderr


def test_the_folder_of_python_m_is_searched_where_the_user_says_so(folder, plugin):
    """Or the test above would show nothing: the plugin is one that works."""
    done = folder.start("plugins", "list", PYTHONPATH=str(folder.path))
    assert plugin.exists() or "planted" in done.stdout + done.stderr


def test_recordings_in_the_folder_are_not_replayed_for_the_models(folder):
    folder.write(
        {
            "plugins": {
                "entries": {"recordings": {"config": {"mode": "replay", "directory": "planted"}}}
            }
        }
    )
    (folder.path / "planted").mkdir()
    done = folder.run("recordings", "list")
    assert str(folder.path / "planted") not in done.stdout
    assert done.stdout.startswith("Mode: off. ")


def test_an_environment_file_in_the_folder_is_not_read(folder):
    (folder.path / ".env").write_text(f"OPENAI_BASE_URL={folder.server.url}/v1\n")
    (folder.path / "tools.py").write_text(PLANTED_MODULE)
    folder.run("models", "list", "--provider", "openai")
    folder.run("complete", "--dry-run", "-m", "openai/gpt-5", "hi")
    assert folder.sent() == ""
    assert not (folder.path / "marker").exists()


# Approving.

PROXY = {"env": {"vars": {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "EVIL\x1b[2J": "x"}}}


OSC = "\x1b]52;c;eA==\x07\u202e"


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_nothing_in_the_file_steers_the_terminal(folder, arguments):
    params = {OSC: OSC, "stop": [OSC]}
    models = {f"acme/{OSC}": {"alias": OSC, "params": params}}
    folder.write(
        {
            OSC: OSC,
            "env": {OSC: OSC},
            "agents": {"defaults": {"model": f"x/{OSC}", "models": models, "params": params}},
        }
    )
    done = folder.run(*arguments)
    assert "\x1b]" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "command", ["get agents.defaults.model", "get", "trust --list", "validate"]
)
def test_nothing_in_the_file_steers_a_real_terminal(folder, command):
    folder.write({"agents": {"defaults": {"model": f"x/{OSC}"}}, OSC: OSC})
    shown, status = pexpect.run(
        f"{MODELWIRE} config {command}", cwd=str(folder.path), env=folder.environ, timeout=60,
        withexitstatus=True,
    )  # fmt: skip
    assert status == 0
    assert b"\x1b]" not in shown
    assert "\u202e".encode() not in shown


def test_without_a_terminal_nothing_is_approved_without_yes(folder):
    folder.write(PROXY)
    done = folder.run("config", "trust")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert "env.vars.OPENAI_BASE_URL" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "not trusted" in folder.run("models", "aliases").stderr


@pytest.mark.parametrize(("answer", "trusted"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_the_file_is_shown_and_approved_only_on_yes(folder, answer, trusted):
    folder.write(PROXY)
    child = pexpect.spawn(
        str(MODELWIRE), ["config", "trust"], cwd=str(folder.path), env=folder.environ,
        encoding="utf-8", timeout=60, dimensions=(60, 200),
    )  # fmt: skip
    child.expect("Trust this file")
    shown = child.before
    assert "env.vars.OPENAI_BASE_URL" in shown
    assert "run commands" in shown
    assert "EVIL\x1b" not in shown
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (0 if trusted else 1)
    assert ("not trusted" in folder.run("models", "aliases").stderr) is not trusted


def test_what_was_shown_is_approved_and_not_what_the_file_has_become(folder):
    folder.write({"env": {"HARMLESS": "x"}})
    child = pexpect.spawn(
        str(MODELWIRE), ["config", "trust"], cwd=str(folder.path), env=folder.environ, timeout=60
    )
    child.expect("Trust this file")
    folder.write(PROXY)
    child.sendline("y")
    child.expect(pexpect.EOF)
    child.close()
    assert "has changed since it was approved" in folder.run("models", "aliases").stderr


def test_an_approval_is_listed_and_taken_back(folder):
    folder.write(PROXY)
    assert json.loads(folder.run("config", "trust", "--json").stdout)["trusted"] is False
    assert json.loads(folder.run("config", "trust", "--yes", "--json").stdout)["trusted"] is True
    assert "not trusted" not in folder.run("models", "aliases").stderr
    (listed,) = json.loads(folder.run("config", "trust", "--list", "--json").stdout)["files"]
    assert (listed["path"], listed["state"]) == (str(folder.file), "trusted")
    assert "trusted already" in folder.run("config", "trust").stdout
    folder.write({**PROXY, "more": 1})
    assert "changed" in folder.run("config", "trust", "--list").stdout
    assert "has changed" in folder.run("models", "aliases").stderr
    assert folder.run("config", "trust", "--revoke").returncode == 0
    assert "has not been approved" in folder.run("models", "aliases").stderr
    assert "No file" in folder.run("config", "trust", "--list").stdout


def test_trust_for_one_call_stands_anywhere_and_lasts_no_longer(folder):
    folder.write(PROXY)
    for arguments in (("--trust", "models", "aliases"), ("models", "--trust", "aliases"),
                      ("models", "aliases", "--trust"), ("recordings", "list", "--trust")):  # fmt: skip
        assert "not trusted" not in folder.run(*arguments).stderr, arguments
    assert "not trusted" in folder.run("models", "aliases").stderr
    assert folder.run("--trust", "config", "trust", "--json").stdout.count('"trusted": false') == 1


def test_in_ci_the_folder_is_named_by_a_variable(folder):
    folder.write({"models": {"providers": {"openai": {"baseUrl": f"{folder.server.url}/v1"}}}})
    done = folder.run("models", "list", MODELWIRE_TRUST=str(folder.path))
    assert "not trusted" not in done.stderr
    assert OPENAI_KEY in folder.sent()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_cannot_be_approved(folder):
    folder.write(PROXY)
    os.chown(folder.file, 12345, 12345)
    done = folder.run("config", "trust", "--yes")
    assert done.returncode == 1
    assert "uid 12345" in done.stderr
    assert "chown" in done.stderr
    assert "not trusted" in folder.run("--trust", "models", "aliases").stderr


def test_an_edit_does_not_launder_the_file(folder):
    folder.write(PROXY)
    for arguments in (
        ("config", "set", "agents.defaults.timeoutSeconds", "5"),
        ("config", "set", "--dry-run", "agents.defaults.timeoutSeconds", "5"),
        ("config", "unset", "env"),
        ("models", "set", "openai/gpt-5"),
        ("models", "aliases", "add", "a", "openai/gpt-5"),
        ("models", "fallbacks", "add", "openai/gpt-5"),
        ("setup", "--yes", "--provider", "openai", "--no-test"),
    ):
        done = folder.run(*arguments)
        assert done.returncode == 1, arguments
        assert "is not trusted, so it is not edited" in done.stderr
    assert json.loads(folder.file.read_text()) == PROXY
    edited = folder.run("--trust", "config", "set", "agents.defaults.timeoutSeconds", "5")
    assert edited.returncode == 0
    assert "not trusted" in folder.run("models", "aliases").stderr


def test_what_modelwire_writes_for_this_user_is_trusted(folder):
    named = ("--config", "modelwire.json5")
    assert folder.run("config", "set", "env.SOME_URL", "http://127.0.0.1:9", *named).returncode == 0
    assert folder.run("models", "aliases", "add", "fast", "openai/gpt-5").returncode == 0
    assert "not trusted" not in folder.run("models", "aliases").stderr
    assert folder.run("config", "get", "env.SOME_URL").stdout.strip() == "<hidden>"
    folder.write({**json5.loads(folder.file.read_text()), "more": 1})
    assert "has changed" in folder.run("models", "aliases").stderr


def test_completion_says_nothing_and_runs_nothing(folder, planted):
    line = "modelwire models set "
    for variables in ({}, {"PYTHONWARNINGS": "error"}):
        done = folder.run(
            _MODELWIRE_COMPLETE="bash_complete", COMP_LINE=line, COMP_BREAKS=":", **variables
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert not planted.exists()


def test_a_library_user_gets_one_warning_and_no_command_is_run(folder, planted):
    code = "from modelwire import Runtime; print(Runtime.from_config().config.left_out)"
    done = folder.start("-c", code, command=(sys.executable,))
    assert "env.vars.AWS_CONFIG_FILE" in done.stdout
    assert done.stderr.count("UntrustedConfigWarning") == 1
    strict = folder.start("-W", "error", "-c", code, command=(sys.executable,))
    assert strict.returncode == 1
    assert not planted.exists()
