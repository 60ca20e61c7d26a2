"""`modelwire models status`: what would be used, and whether it would work."""

import json

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
    assert "names no provider" in lines[6]
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
    assert second["error"] == "The key was refused. (auth)"


def test_check_tells_scripts(program):
    program.configure({"agents": {"defaults": {"model": "actor/x"}}})
    assert program.run("models", "status", "--check", ACTOR_KEY="k").returncode == 0
    assert program.run("models", "status", "--check").returncode == 1
    program.configure({"models": {}})
    done = program.run("models", "status", "--check", ACTOR_KEY="k")
    assert done.returncode == 1
    assert b"agents.defaults.model.primary" in done.stdout
