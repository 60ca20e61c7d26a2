"""`modelwire models status`: what would be used, and whether it would work."""

import json

import pytest

CONFIG = {
    "agents": {
        "defaults": {
            "model": {"primary": "fast", "fallbacks": ["actor/refuses", "nobody/x", "bare"]},
            "models": {"actor/x": {"alias": "fast"}},
        }
    }
}


def test_the_models_and_their_credentials_are_shown(program):
    program.configure(CONFIG)
    done = program.run("models", "status", ACTOR_KEY="k")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0
    assert lines[0].endswith("modelwire.json5")
    assert lines[1:4] == [
        "Primary        actor/x (fast)",
        "Fallback#1     actor/refuses",
        "Fallback#2     nobody/x",
    ]
    assert "No installed plugin provides 'nobody'" in lines[4]
    assert "No configured or discovered model is called 'bare'" in "\n".join(lines[6:9])
    assert any(line.startswith("actor") and "usable    env: ACTOR_KEY" in line for line in lines)
    assert not program.asked.exists()


def test_json_has_the_same(program):
    program.configure(CONFIG)
    data = json.loads(program.run("models", "status", "--json").stdout)
    assert [model["resolved"] for model in data["models"]] == [
        "actor/x",
        "actor/refuses",
        "nobody/x",
        None,
    ]
    assert data["providers"]["actor"]["state"] == "unusable"
    assert data["providers"]["nobody"]["state"] == "unusable"


def test_a_probe_asks_each_model_once(program):
    program.configure(
        {"agents": {"defaults": {"model": {"primary": "actor/x", "fallbacks": ["actor/refuses"]}}}}
    )
    done = program.run("models", "status", "--probe", "--json", ACTOR_KEY="k")
    first, second = json.loads(done.stdout)["models"]
    assert first["error"] is None
    assert first["seconds"] > 0
    assert first["status"] == "ok"
    assert (second["error"], second["status"]) == ("The key was refused.", "auth")
    assert second["hint"] == "Renew it."


def test_check_tells_scripts(program):
    program.configure({"agents": {"defaults": {"model": "actor/x"}}})
    assert program.run("models", "status", "--check", ACTOR_KEY="k").returncode == 0
    assert program.run("models", "status", "--check").returncode == 1
    program.configure({"models": {}})
    done = program.run("models", "status", "--check", ACTOR_KEY="k")
    assert done.returncode == 1
    assert b"agents.defaults.model.primary" in done.stdout


def test_a_probe_that_does_not_keep_its_time_is_given_up(program):
    program.configure({"agents": {"defaults": {"model": "actor/x"}}})
    done = program.run(
        "models", "status", "--probe", "--probe-timeout", "0.1", "--json", ACTOR_KEY="stuck"
    )
    found = json.loads(done.stdout)["providers"]["actor"]
    assert found["state"] == "unknown"
    assert "did not answer within 1.1 seconds" in found["reason"]


def test_models_alone_shows_the_status(program):
    program.configure(CONFIG)
    assert program.run("models").stdout == program.run("models", "status").stdout


def test_plain_is_the_primary_model(program):
    program.configure(CONFIG)
    assert program.run("models", "status", "--plain").stdout == b"actor/x\n"
    assert program.run("models", "status", "--plain", "--json").returncode == 2


def test_aliases_fallbacks_and_agents_of_their_own_are_shown(program):
    document = json.loads(json.dumps(CONFIG))
    document["agents"]["list"] = [{"id": "w", "model": "actor/other"}]
    program.configure(document)
    data = json.loads(program.run("models", "status", "--json").stdout)
    assert data["defaultModel"] == "fast"
    assert data["resolvedDefault"] == "actor/x"
    assert data["fallbacks"] == ["actor/refuses", "nobody/x", "bare"]
    assert data["aliases"] == {"fast": "actor/x"}
    assert data["overrides"] == ["agents.list[0].model"]
    text = program.run("models", "status").stdout.decode()
    assert "fast -> actor/x" in text
    assert "agents.list[0].model" in text


FACTS = """
    from datetime import datetime, timedelta, timezone
    from modelwire.hookspecs import CredentialStatus, hookimpl

    @hookimpl
    def detect_credentials(config):
        hours = float(config.environ["HOURS"])
        expires = datetime.now(timezone.utc) + timedelta(hours=hours)
        return CredentialStatus(
            "usable",
            source="env: FACTS",
            expires_at=expires.replace(tzinfo=None),
            details={"region": "eu-north-7", "regionSource": "env: FACTS_REGION"},
        )
"""


def test_the_region_is_shown_with_where_it_came_from(program, site):
    site.provider("facts", FACTS)
    program.configure({"agents": {"defaults": {"model": "facts/x"}}})
    text = program.run("models", "status", HOURS="9").stdout.decode()
    assert "region: eu-north-7 (env: FACTS_REGION)" in text
    assert "regionSource" not in text


@pytest.mark.parametrize(("hours", "status"), [("9", 0), ("0.5", 2), ("-1", 1)])
def test_check_knows_an_expiry_without_a_time_zone(program, site, hours, status):
    site.provider("facts", FACTS)
    program.configure({"agents": {"defaults": {"model": "facts/x"}}})
    done = program.run("models", "status", "--check", HOURS=hours)
    assert (done.returncode, done.stderr) == (status, b"")
