"""`modelwire models list` and `modelwire plugins list`."""

import json
import sys

import pytest

HEADER = "Model                                      Input      Ctx         Local Auth  Tags"

CONFIG = {
    "models": {
        "providers": {
            "actor": {
                "models": [
                    {"id": "mine", "name": "日本", "contextTokens": 16000, "contextWindow": 32000}
                ]
            },
            "here": {"api": "actor-chat", "baseUrl": "http://[::1]:80/v1", "models": [{"id": "m"}]},
        }
    },
    "agents": {
        "defaults": {
            "model": {"primary": "actor/found", "fallbacks": ["actor/gone"]},
            "models": {"actor/mine": {"alias": "Me"}},
        }
    },
}


def actor_rows(done):
    return [
        line for line in done.stdout.decode().splitlines() if line.startswith(("actor/", "here/"))
    ]


def test_the_table_shows_configured_and_discovered_models_in_order(program):
    program.configure(CONFIG)
    done = program.run("models", "list", ACTOR_KEY="k")
    assert done.stdout.decode().splitlines()[0] == HEADER
    assert actor_rows(done) == [
        "actor/found                                text+image 200k        no    yes   default",
        "actor/gone                                 -          -           -     ?     fallback#1,missing",
        "actor/mine                                 -          16k/32k     no    yes   configured,alias:me",
        "here/m                                     -          -           yes   yes   configured",
        "here/found                                 text+image 200k        yes   yes",
    ]
    assert done.stderr == b""


def test_json_has_every_fact(program):
    program.configure(CONFIG)
    data = json.loads(program.run("models", "list", "--json", ACTOR_KEY="k").stdout)
    rows = {row["key"]: row for row in data["models"]}
    assert data["count"] == len(data["models"])
    assert rows["actor/mine"]["name"] == "日本"
    assert rows["actor/found"]["available"] is True
    assert rows["actor/gone"]["missing"] is True
    assert rows["actor/gone"]["available"] is None


def test_plain_is_one_key_per_line(program):
    program.configure(CONFIG)
    done = program.run("models", "list", "--plain", "--provider", "act", ACTOR_KEY="k")
    assert done.stdout.decode().split() == ["actor/found", "actor/gone", "actor/mine"]


def test_a_warm_cache_asks_nobody_and_refresh_asks(program):
    for expected in (1, 1):
        assert actor_rows(program.run("models", "list", ACTOR_KEY="k"))
        assert len(program.asked.read_text().split()) == expected
    program.run("models", "list", "--refresh", ACTOR_KEY="k")
    assert len(program.asked.read_text().split()) == 2


def test_without_credentials_nobody_is_asked(program):
    assert actor_rows(program.run("models", "list")) == []
    assert not program.asked.exists()


def test_a_provider_that_fails_is_a_note_and_the_others_are_listed(program):
    program.configure(CONFIG)
    done = program.run("models", "list", ACTOR_KEY="bad")
    assert done.returncode == 0
    assert len(actor_rows(done)) == 4
    assert b"actor: Invalid key." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--provider", "ghost"], 'Invalid provider filter "ghost"'),
        (["--json", "--plain"], "Choose either --json or --plain"),
    ],
)
def test_misuse_exits_with_2(program, arguments, message):
    done = program.run("models", "list", *arguments)
    assert done.returncode == 2
    assert message in done.stderr.decode()


def test_plugins_are_listed_with_what_they_own_and_what_is_wrong(program, site):
    site.provider("bad", source="import no_such_module")
    done = program.run("plugins", "list", "--json")
    found = {info["distribution"]: info for info in json.loads(done.stdout)["plugins"]}
    assert found["actor"]["state"] == "loaded"
    assert (found["actor"]["providers"], found["actor"]["apis"]) == (["actor"], ["actor-chat"])
    assert found["modelwire-bad"]["state"] == "quarantined"
    assert "no_such_module" in found["modelwire-bad"]["reasons"][0]
    text = program.run("plugins", "list").stdout.decode()
    assert "aliases: act" in text
    assert "quarantined" in text


def test_a_broken_plugin_breaks_no_command(program, site):
    site.provider("bad", source="raise SystemExit(9)")
    site.install("worse", {"commands": {"worse": "worse_plugin:x"}}, source="raise SystemExit(9)")
    assert program.run("--help").returncode == 0
    assert program.run("models", "list").returncode == 0
    assert program.run("complete", "-m", "actor/x", "hi").returncode == 0
    done = program.run("worse")
    assert done.returncode == 1
    assert b"worse cannot be loaded" in done.stderr


def imported_by(program, *arguments):
    """The modules that a command imports; the command line is called as the script calls it."""
    code = f"import sys; sys.argv = {['modelwire', *arguments]!r}\n"
    code += "import atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
    code += "from modelwire.cli import main; main()"
    program.command = [sys.executable, "-c", code]
    done = program.run(ACTOR_KEY="k")
    assert done.returncode == 0, done.stderr
    return set(done.stderr.decode().split())


HEAVY = {"aiohttp", "boto3", "botocore", "xllamacpp", "msgspec", "asyncio", "json5"}


def test_help_imports_nothing_heavy_and_no_plugin(program):
    forbidden = HEAVY | {"cattrs", "pluggy", "rich", "actor_plugin", "modelwire_local"}
    assert sorted(imported_by(program, "--help") & forbidden) == []


def test_a_warm_list_imports_nothing_heavy(program):
    program.configure(CONFIG)
    program.run("models", "list", ACTOR_KEY="k")
    assert sorted(imported_by(program, "models", "list") & HEAVY) == []
