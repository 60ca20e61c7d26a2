"""`modelwire models list` and `modelwire plugins list`."""

import json
import signal
import subprocess
import sys

import pytest
from rich.cells import cell_len

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
    assert done.stderr in (b"", b"--all also lists the models of local.\n")


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


def test_a_warm_cache_sends_no_request_and_refresh_does(program):
    for expected in (1, 1):
        assert actor_rows(program.run("models", "list", ACTOR_KEY="k"))
        assert len(program.asked.read_text().split()) == expected
    program.run("models", "list", "--refresh", ACTOR_KEY="k")
    assert len(program.asked.read_text().split()) == 2


def test_without_credentials_no_request_is_sent(program):
    assert actor_rows(program.run("models", "list")) == []
    assert not program.asked.exists()


def test_a_provider_that_fails_is_a_note_and_the_others_are_listed(program):
    program.configure(CONFIG)
    done = program.run("models", "list", ACTOR_KEY="bad")
    assert done.returncode == 0
    assert len(actor_rows(done)) == 4
    assert b"actor: Invalid key." in done.stderr
    (outcome,) = (
        item
        for item in json.loads(program.run("models", "list", "--json", ACTOR_KEY="bad").stdout)[
            "providerOutcomes"
        ]
        if item["provider"] == "actor"
    )
    assert (outcome["code"], outcome["stale"]) == ("auth", False)


def test_an_incomplete_list_is_shown_with_a_note_that_says_why(program):
    half = {"ACTOR_KEY": "k", "HALF_A_LIST": "1"}
    done = program.run("models", "list", "--provider", "actor", **half)
    assert done.returncode == 0
    note = "actor: The list may be incomplete. Profiles may not be \\x1b[2Jlisted."
    assert note in " ".join(done.stderr.decode().split())
    again = program.run("models", "list", "--provider", "actor", "--json", **half)
    assert json.loads(again.stdout)["incompleteProviders"] == [
        {"provider": "actor", "reasons": ["Profiles may not be \x1b[2Jlisted."]}
    ]
    assert (
        program.asked.read_text() == "asked\n"
    )  # the second time, list and reasons come from the disk
    whole = program.run("models", "list", "--refresh", "--json", ACTOR_KEY="k")
    assert json.loads(whole.stdout)["incompleteProviders"] == []


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


def test_plugins_fit_into_a_terminal(program, site):
    names = {f"provider-number-{n}": "" for n in range(20)}
    site.install("many", {"providers": names}, source="raise ValueError('x' * 9)")
    shown = program.show("plugins", "list", NO_COLOR="1")
    assert max(map(len, shown.splitlines())) <= 80
    assert set(names) <= set(shown.replace(",", " ").split())
    assert "quarantined" in shown
    plain = program.run("plugins", "list", "--plain").stdout.decode().split()
    assert {"actor", "many"} <= set(plain)


def test_a_broken_plugin_breaks_no_command(program, site):
    site.provider("bad", source="raise SystemExit(9)")
    site.install("worse", {"commands": {"worse": "worse_plugin:x"}}, source="raise SystemExit(9)")
    assert program.run("--help").returncode == 0
    assert program.run("models", "list").returncode == 0
    assert program.run("complete", "-m", "actor/x", "hi").returncode == 0
    done = program.run("worse")
    assert done.returncode == 1
    assert b"worse cannot be loaded" in done.stderr


def keys(done):
    return done.stdout.decode().split()


def test_only_providers_that_the_configuration_names_are_listed_and_the_others_named(program, site):
    site.provider("echo")
    program.configure({"agents": {"defaults": {"model": "actor/x"}}})
    both = {"ACTOR_KEY": "k", "ECHO_API_KEY": "k"}
    done = program.run("models", "list", "--plain", **both)
    assert keys(done) == ["actor/x", "actor/found"]
    note = program.run("models", "list", **both).stderr.decode()
    assert "--all also lists the models of echo" in note
    assert {"actor/found", "echo/echo-1"} <= set(
        keys(program.run("models", "list", "--all", "--plain", **both))
    )
    done = program.run("models", "list", "--provider", "echo", **both)
    assert b"echo/echo-1" in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize(
    "document",
    [
        {"models": {"actorDiscovery": {"enabled": True}}},
        {"models": {"actDiscovery": {"enabled": True}}},
        {"plugins": {"entries": {"actor": {"config": {"discovery": {"enabled": True}}}}}},
        {"plugins": {"entries": {"act": {"config": {"discovery": {"enabled": True}}}}}},
    ],
)
def test_models_are_listed_once_discovery_is_switched_on_though_no_credentials_are_seen(
    program, document
):
    program.configure(document)
    assert keys(program.run("models", "list", "--plain")) == ["actor/found"]


@pytest.mark.parametrize(
    "document",
    [
        {"models": {"providers": {"ACT": {}}}},
        {"agents": {"defaults": {"model": {"fallbacks": ["act/x"]}}}},
        {"agents": {"defaults": {"models": {"actor/*": {}}}}},
        {"agents": {"defaults": {"model": "fast", "models": {"actor/x": {"alias": "fast"}}}}},
        {},
    ],
)
def test_a_provider_is_named_in_many_ways_and_nothing_named_means_all(program, site, document):
    program.configure(document)
    assert "actor/found" in keys(program.run("models", "list", "--plain", ACTOR_KEY="k"))


def test_local_lists_what_runs_on_this_machine(program):
    program.configure(CONFIG)
    shown = keys(program.run("models", "list", "--local", "--plain", ACTOR_KEY="k"))
    assert {"here/m", "here/found"} <= set(shown)
    assert not [key for key in shown if key.startswith("actor/")]


def test_names_cannot_steer_the_terminal_and_wide_ones_stay_aligned(program):
    names = ["plain", "模型", "👩\u200d🚀", "bad\x1b[31m\u202e"]
    program.configure({"models": {"providers": {"actor": {"models": names}}}})
    lines = program.run("models", "list", "--provider", "actor").stdout.decode().splitlines()
    assert "\x1b" not in "".join(lines)
    assert r"bad\x1b[31m\u202e" in lines[4]
    plain = program.run("models", "list", "--provider", "actor", "--plain").stdout.decode()
    assert "\x1b" not in plain
    at = [cell_len(line[: line.index("-  ")]) for line in lines[1:]]
    assert at == [HEADER.index("Input")] * 4


def test_in_a_terminal_no_line_is_wider_than_it_is(program):
    long = "us.anthropic.claude-sonnet-4-5-20250929-v1:0-and-more-of-its-long-name"
    program.configure(
        {
            "models": {"providers": {"actor": {"models": [long, "short"]}}},
            "agents": {"defaults": {"model": "actor/short"}},
        }
    )
    lines = program.leave("models", "list", "--provider", "actor").splitlines()
    assert max(map(len, lines)) <= 80
    assert f"actor/{long}" in lines
    assert lines[0].split() == HEADER.split()
    (short,) = (line for line in lines if line.startswith("actor/short"))
    assert short.endswith(" default,configured")
    piped = program.run("models", "list", "--provider", "actor").stdout.decode().splitlines()
    assert len(piped) == 3


def test_where_names_are_long_a_terminal_shows_fewer_columns(program):
    names = [f"us.anthropic.claude-sonnet-4-5-20250929-v1:{n}" for n in range(9)]
    model = {"input": ["text", "image", "document", "video"], "contextWindow": 200_000}
    document = {
        "models": {"providers": {"actor": {"models": [{"id": name, **model} for name in names]}}},
        "agents": {"defaults": {"models": {f"actor/{names[0]}": {"alias": "a" * 40}}}},
    }
    program.configure(document)
    lines = program.leave("models", "list", "--provider", "actor").splitlines()
    assert lines[0].split() == ["Model", "Ctx", "Local", "Auth", "Tags"]
    assert len(lines) == 12  # the note on what was left out is the last
    assert lines[2] == "  " + f"configured,alias:{'a' * 40}"
    assert max(map(len, lines)) <= 80
    command = ("models", "list", "--provider", "actor")
    wide = program.leave(*command, columns=200).splitlines()
    assert (wide[0].split()[1], len(wide)) == ("Input", 10)


def test_a_terminal_says_which_columns_it_leaves_out(program):
    names = [f"us.anthropic.claude-sonnet-4-5-20250929-v1:{n}" for n in range(9)]
    model = {"input": ["text", "image", "document", "video"], "contextWindow": 200_000}
    models = [{"id": name, **model} for name in names]
    program.configure({"models": {"providers": {"actor": {"models": models}}}})
    command = ("models", "list", "--provider", "actor")
    note = "Left out on a terminal of this width: Input. --json shows everything."
    assert note in program.leave(*command).splitlines()[-1]
    assert "Left out" not in program.show(*command, columns=200)
    assert b"Left out" not in program.run(*command).stderr


def test_models_of_a_provider_are_together_and_on_a_terminal_below_its_name(program):
    document = json.loads(json.dumps(CONFIG))
    document["agents"]["defaults"]["model"]["fallbacks"] = ["here/m"]
    program.configure(document)
    command = ("models", "list", "--refresh")
    order = ["actor/found", "actor/mine", "here/m", "here/found"]
    piped = program.run(*command, ACTOR_KEY="k")
    assert [line.split()[0] for line in actor_rows(piped)] == order
    assert "" not in piped.stdout.decode().splitlines()
    lines = program.leave(*command, ACTOR_KEY="k").splitlines()
    at = [lines.index("actor: 2"), lines.index("here: 2")]
    assert [lines[n - 1] for n in at] == ["", ""]
    assert [line.split()[0] for line in lines[at[0] + 1 : at[0] + 3]] == order[:2]
    assert [line.split()[0] for line in lines[at[1] + 1 : at[1] + 3]] == order[2:]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FOUND", ["actor/found", "here/found"]),
        ("here found", ["here/found"]),
        ("日本", ["actor/mine"]),
        ("", ["actor/found", "actor/gone", "actor/mine", "here/m", "here/found"]),
    ],
)
def test_search_shows_the_models_that_have_each_word(program, text, found):
    program.configure(CONFIG)
    command = ("models", "list", "--search", text)
    assert keys(program.run(*command, "--plain", ACTOR_KEY="k")) == found
    data = json.loads(program.run(*command, "--json", ACTOR_KEY="k").stdout)
    assert ([row["key"] for row in data["models"]], data["count"]) == (found, len(found))


def test_a_search_that_finds_nothing_says_so(program):
    program.configure(CONFIG)
    done = program.run("models", "list", "--search", "nova", ACTOR_KEY="k")
    assert done.stdout.decode().startswith("No models found with 'nova'.")


def test_what_is_waited_for_is_said_on_a_terminal_alone(program):
    program.configure(CONFIG)
    assert "Querying actor, here …" in program.show("models", "list", ACTOR_KEY="k")
    assert "Asking" not in program.show("models", "list", ACTOR_KEY="k")
    done = program.run("models", "list", "--refresh", ACTOR_KEY="k")
    assert b"Asking" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments", [["list"], ["refresh"], ["status", "--probe"], ["explain", "actor/found"]]
)
def test_ctrl_c_ends_at_once_though_a_thread_is_stuck(program, arguments):
    program.configure({"agents": {"defaults": {"model": "actor/stuck"}}})
    command = ("models", *arguments)
    with program.start(*command, environ={"ACTOR_KEY": "stuck"}, stderr=subprocess.PIPE) as process:
        try:
            program.wait_for_asked()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
            assert b"Traceback" not in process.stderr.read()
        finally:
            process.kill()


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


@pytest.mark.parametrize(
    "command",
    [
        ["models", "list"],
        ["models", "list", "--all", "--json"],
        ["models", "aliases", "list"],
        ["models", "fallbacks", "list"],
        ["plugins", "list"],
        ["models", "--help"],
        ["models", "list", "--help"],
        ["models", "explain", "--help"],
        ["models", "status", "--help"],
        ["models", "aliases", "--help"],
        ["models", "fallbacks", "--help"],
        ["plugins", "--help"],
    ],
)
def test_lists_from_a_warm_cache_and_help_import_nothing_heavy(program, command):
    program.configure(CONFIG)
    program.run("models", "list", "--all", ACTOR_KEY="k")
    heavy = HEAVY | {"rich", "difflib", "prompt_toolkit", "filelock", "concurrent.futures"}
    assert sorted(imported_by(program, *command) & heavy) == []
