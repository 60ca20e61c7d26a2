"""The approval of a configuration in the working directory: who gives it, for what, and how long it lasts."""

import json
import os

import json5
import pexpect
import pytest
from hostile_folder import MODELWIRE, OPENAI_KEY, cloned_folder

pytestmark = pytest.mark.timeout(240)

PROXY = {"env": {"vars": {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "EVIL\x1b[2J": "x"}}}


@pytest.fixture
def folder(tmp_path):
    with cloned_folder(tmp_path) as found:
        yield found


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


def test_trust_for_one_call_may_be_anywhere_and_lasts_no_longer(folder):
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
