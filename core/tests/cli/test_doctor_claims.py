"""`modelwire doctor` on packages that claim names, and which of them the command line believes."""

import json

import pytest

COMMAND = """
    import click

    @click.command()
    def run():
        click.echo("the plugin's own")
"""


def claims(program, state=None):
    done = program.run("doctor", "--offline", "--json")
    assert done.stderr == b""
    found = [c for c in json.loads(done.stdout)["checks"] if c["check"] == "claims"]
    return [c for c in found if state in (None, c["state"])]


def warnings(program):
    return [check["message"] for check in claims(program, "warning")]


def described(program, name):
    """What `modelwire --help` says about commands of a name."""
    lines = program.run("--help").stdout.decode().partition("Commands:")[2].splitlines()
    return [line.split(maxsplit=1)[1] for line in lines if line.split()[:1] == [name]]


def test_every_package_is_named_with_its_groups(program, site):
    site.install("tools-of-acme", {"commands": {"acme": ""}, "later": {"x": "", "y": ""}})
    found = {c["details"]["distribution"]: c for c in claims(program, "ok")}
    assert found["actor"]["message"] == "actor 1.0 claims providers (1), apis (1), aliases (1)"
    assert found["tools-of-acme"]["message"] == "tools-of-acme 1.0 claims commands (1), later (2)"
    assert found["tools-of-acme"]["details"] == {
        "distribution": "tools-of-acme",
        "version": "1.0",
        "folder": str(site.path),
        "groups": {"modelwire.commands": ["acme"], "modelwire.later": ["x", "y"]},
        "recorded": True,
        "editable": False,
    }
    assert warnings(program) == []


def test_a_command_of_modelwire_itself_stays_its_own_and_the_claim_is_a_warning(program, site):
    before = described(program, "config")
    site.install("grabber", {"commands": {"config": "grabber_plugin:run"}}, COMMAND)
    assert described(program, "config") == before == ["View and edit the configuration."]
    assert b"plugin's own" not in program.run("config").stdout
    listed = program.run("plugins", "list").stdout.decode()
    assert "commands: config (not used: modelwire's own)" in listed
    (message,) = warnings(program)
    assert message.startswith("grabber 1.0 claims config (commands), a command of modelwire itself")
    (site.path / "grabber_plugin.py").write_text("raise SystemExit")
    done = program.run("doctor", "--offline", ACTOR_KEY="x")
    assert b"`modelwire config` does not work" not in done.stdout  # it is not the plugin's
    assert done.returncode == 0


def test_a_command_that_two_packages_claim_is_run_of_neither(program, site):
    site.install("first", {"commands": {"deploy": "first_plugin:run"}}, COMMAND)
    assert program.run("deploy").stdout == b"the plugin's own\n"
    assert described(program, "deploy") == ["Commands of first."]
    site.install("second", {"commands": {"deploy": "second_plugin:run"}}, COMMAND)
    done = program.run("deploy")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"first and second both claim the command 'deploy'" in done.stderr
    assert described(program, "deploy") == ["Not usable, claimed by first and second."]
    assert warnings(program) == [
        "first 1.0 claims deploy (commands), as second does.",
        "second 1.0 claims deploy (commands), as first does.",
    ]


def test_names_that_another_package_claims_are_warnings(program, site):
    site.install("rival", {"providers": {"Actor": ""}, "apis": {"actor-chat": ""}})
    assert warnings(program) == [
        "actor 1.0 claims actor (providers), as rival does.",
        "actor 1.0 claims actor-chat (apis), as rival does.",
        "rival 1.0 claims Actor (providers), as actor does.",
        "rival 1.0 claims actor-chat (apis), as actor does.",
    ]


def test_an_alias_of_the_same_provider_is_no_rival(program, site):
    site.install("more", {"aliases": {"act": "Actor"}})
    assert warnings(program) == []
    site.install("other", {"aliases": {"act": "echo"}})
    assert [message.split()[0] for message in warnings(program)] == ["actor", "more", "other"]


def test_a_package_that_no_installer_recorded_is_a_warning(program, site):
    (site.path / "actor-1.0.dist-info" / "RECORD").unlink()
    (message,) = warnings(program)
    assert message == f"actor 1.0 has no RECORD in {site.path}: no installer put it there."


@pytest.mark.parametrize("change", ["edited", "not recorded"])
def test_entry_points_that_were_changed_after_the_installation_are_a_warning(program, site, change):
    info = site.path / "actor-1.0.dist-info"
    name = "entry_points.txt" if change == "edited" else "RECORD"
    text = (info / name).read_text()
    if change == "edited":
        text += "\n[modelwire.commands]\nactor = actor_plugin\n"
    else:
        text = "".join(line for line in text.splitlines(True) if "entry_points" not in line)
    (info / name).write_text(text)
    (warning,) = claims(program, "warning")
    assert warning["message"] == "actor 1.0 has entry points that differ from its RECORD."
    assert warning["hint"] == "Run: pip install --force-reinstall actor"


def test_an_entry_point_that_names_code_of_another_package_is_a_warning(program, site):
    site.install("borrower", {"providers": {"new": "actor_plugin:thing [extra]"}})
    assert warnings(program) == [
        "borrower 1.0 names the module actor_plugin, which is not among its files."
    ]


def test_of_an_editable_package_the_code_lies_elsewhere(program, site):
    site.install("borrower", {"providers": {"new": "actor_plugin"}})
    origin = {"url": "file:///work", "dir_info": {"editable": True}}
    (site.path / "borrower-1.0.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    assert warnings(program) == []
    (found,) = [c for c in claims(program) if c["details"]["distribution"] == "borrower"]
    assert found["details"]["editable"] is True


def test_a_package_that_is_hidden_by_one_of_its_name_is_a_warning(program, site, tmp_path):
    other = type(site)(tmp_path / "other")
    other.path.mkdir()
    other.install("Actor", {"commands": {"hidden": ""}}, module="actor_plugin")
    program.environ["PYTHONPATH"] += f":{other.path}"
    (message,) = warnings(program)
    assert message.startswith(f"Actor 1.0 in {other.path} is not used: actor 1.0 in {site.path} ")
    assert described(program, "hidden") == []


def test_names_from_outside_cannot_steer_the_terminal(program, site):
    site.install("steers", {"commands": {"re\x1b[2Jd": ""}, "h\x1b[31m": {"x": ""}}, COMMAND)
    info = site.path / "steers-1.0.dist-info"
    (info / "METADATA").write_text("Name: st\x1b]0;eers\nVersion: 1\u202e0\n")
    site.install("named", {"commands": {"fine": "named_plugin:run"}}, COMMAND)
    (site.path / "named-1.0.dist-info" / "METADATA").write_text("Name: na\x1b[1mmed\nVersion: 1\n")
    for command in (["doctor", "--offline"], ["doctor", "--offline", "--json"], ["--help"]):
        done = program.run(*command)
        assert b"\x1b" not in done.stdout + done.stderr
        assert "\u202e" not in done.stdout.decode()
    assert described(program, "fine") == ["Commands of na\\x1b[1mmed."]
    (control,) = [w for w in warnings(program) if "control characters" in w]
    assert control == (
        r"st\x1b]0;eers 1\u202e0 claims re\x1b[2Jd (commands), a name with control characters."
    )
    raw = {c["details"]["distribution"] for c in claims(program)}
    assert "st\x1b]0;eers" in raw
