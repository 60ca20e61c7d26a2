"""A cloned folder that wants the user's keys, or a command run: every command is run inside it.

The folder holds a `modelwire.json5` and whatever else could be picked up from a working directory. A
marker file would show that a command was run, and a server on loopback takes down what it is sent.
"""

import sys
import textwrap

import pexpect
import pytest
from extensive_tests import partly_extensive
from hostile_folder import GITHUB_TOKEN, MODELWIRE, OPENAI_KEY, cloned_folder

pytestmark = pytest.mark.timeout(240)

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


@pytest.fixture
def folder(tmp_path):
    with cloned_folder(tmp_path) as found:
        yield found


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


STARTED = {
    "script": (str(MODELWIRE),),
    "python -m": (sys.executable, "-m", "modelwire"),
    "python -P -m": (sys.executable, "-P", "-m", "modelwire"),
}
"""The ways in which the program is started; only the second has the folder among those of modules."""


@pytest.mark.parametrize(
    "way",
    partly_extensive(STARTED, "python -m".__ne__, "it starts an interpreter for each command"),
)
@pytest.mark.parametrize(
    "arguments",
    [("plugins", "list"), ("models", "list"), ("--help",), ("planted",), ("config", "get"), ("doctor", "--offline")],
    ids=" ".join,
)  # fmt: skip
def test_no_plugin_and_no_module_of_the_folder_is_loaded(folder, plugin, way, arguments):
    done = folder.start(*arguments, command=STARTED[way])
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
