"""`modelwire config get|validate|file|schema`: the installed program, reading."""

import json
import subprocess
import sys

import pytest

DOCUMENT = """\
{
  // the only one
  models: {
    providers: {
      actor: {
        apiKey: "sk-1234",
        baseUrl: "https://me:pw@actor.example/v1",
        headers: { Authorization: "Bearer ${ACTOR_TOKEN}", "X-Team": "seven" },
        models: ["small", { id: "v1.5", maxTokens: 5 }],
      },
    },
  },
  agents: { defaults: { model: "actor/small" } },
}
"""
VARIABLES = {"ACTOR_TOKEN": "t0ken"}


@pytest.fixture
def configured(program):
    program.configure(DOCUMENT)
    return program


def get(program, *arguments, status=0, **environ):
    done = program.run("config", "get", *arguments, **environ)
    assert done.returncode == status, done.stderr
    return done


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("agents.defaults.model", "actor/small"),
        ("agents.defaults.model.primary", "actor/small"),
        ("models.providers.actor.models[1].maxTokens", "5"),
        ("models.providers.actor.models.1.id", "v1.5"),
        ('models["providers"].actor.models[0]', "small"),
        ("models.providers.actor.apiKey", "<hidden>"),
        ("models.providers.actor.baseUrl", "https://<hidden>@actor.example/v1"),
        ("models.providers.actor.headers.Authorization", "Bearer ${ACTOR_TOKEN}"),
        ("models.providers.actor.headers.X-Team", "<hidden>"),
    ],
)
def test_a_value_is_shown_as_written_without_its_secrets(configured, path, shown):
    assert get(configured, path, **VARIABLES).stdout.decode() == f"{shown}\n"


def test_objects_and_json_are_json(configured):
    assert json.loads(get(configured, "agents").stdout) == {"defaults": {"model": "actor/small"}}
    assert get(configured, "agents.defaults.model", "--json").stdout == b'"actor/small"\n'
    whole = get(configured).stdout.decode()
    assert json.loads(whole)["models"]["providers"]["actor"]["apiKey"] == "<hidden>"
    for secret in "sk-1234", "pw", "seven", "t0ken":
        assert secret not in whole


def test_the_id_of_a_reference_is_the_name_of_a_variable_and_shown(program):
    key = "models.providers.actor.apiKey"
    options = ("--ref-source", "env", "--ref-id", "ACTOR_KEY")
    assert program.run("config", "set", key, *options).returncode == 0
    assert program.run("config", "get", f"{key}.id").stdout == b"ACTOR_KEY\n"
    program.configure({"models": {"providers": {"actor": {"apiKey": {"id": "sk-1", "x": "sk-2"}}}}})
    assert program.run("config", "get", f"{key}.id").stdout == b"<hidden>\n"


@pytest.mark.parametrize(
    ("path", "message", "hint", "kind"),
    [
        (
            "models.mode",
            "Config path is valid but unset: models.mode.",
            "modelwire config set models.mode VALUE",
            "unset",
        ),
        (
            "models.providers.actor.models[2]",
            "Config path is valid but unset",
            "modelwire config set 'models.providers.actor.models[2]' VALUE",
            "unset",
        ),
        ("models.bedrockDiscovery.enabled", "Config path is valid but unset", "set", "unset"),
        (
            "agents.defaults.modle",
            "Unknown config path: agents.defaults.modle.",
            "Did you mean agents.defaults.model?",
            "unknown-path",
        ),
        ("gateway", "Unknown config path: gateway.", "modelwire config schema", "unknown-path"),
        ("models.[0]", "Invalid path (empty segment)", "Write a path as", "failed"),
        ("models.__proto__", "Invalid path segment: __proto__", None, "failed"),
        ('models["x', 'Invalid path (missing "]")', "Write a path as", "failed"),
    ],
)
def test_what_is_not_there_is_named(configured, path, message, hint, kind):
    done = get(configured, path, status=1)
    assert done.stdout == b""
    assert message in done.stderr.decode()
    assert hint is None or hint in done.stderr.decode()
    told = json.loads(get(configured, path, "--json", status=1).stdout)
    assert told["ok"] is False
    assert told["error"]["kind"] == kind
    assert message in told["error"]["message"]


def test_a_file_that_breaks_the_schema_can_still_be_looked_at(program):
    program.configure('{ models: { mode: 5, providers: { actor: { apiKey: "x" } } } }')
    assert get(program, "models.mode").stdout == b"5\n"
    program.configure("{ models: oops }")
    assert b"modelwire.json5:1: column 11" in get(program, "models.mode", status=1).stderr


def test_validate_lists_every_problem_with_its_line(program):
    program.configure(
        "{\n  models: {\n    mode: 'both',\n    providers: {\n      actor: {\n"
        "        apiKey: 5,\n        headers: '${NO_SUCH}',\n      models: [{}] } } } }"
    )
    done = program.run("config", "validate")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 1
    assert lines[0].startswith("Config invalid: /")
    assert (
        lines[1]
        == '  modelwire.json5:3: models.mode: expected one of "merge", "replace"; found "both"'
    )
    assert lines[2] == (
        "  modelwire.json5:6: models.providers.actor.apiKey: "
        "expected a string or {source, id}; found <hidden>"
    )
    assert (
        'modelwire.json5:7: models.providers.actor.headers: Missing env var "NO_SUCH"' in lines[3]
    )
    assert lines[4].startswith("  modelwire.json5:8: models.providers.actor.models[0].id: ")
    told = json.loads(program.run("config", "validate", "--json").stdout)
    assert (told["valid"], [issue["line"] for issue in told["issues"]]) == (False, [3, 6, 7, 8])
    assert told["path"].endswith("/modelwire.json5")


def test_validate_warns_of_what_may_not_be_meant(program):
    program.configure(
        '{ models: { providers: { actor: { baseURL: "http://a" } } },'
        ' agents: { defaults: { model: "nobody/x" } } }'
    )
    done = program.run("config", "validate")
    assert done.returncode == 0
    assert done.stdout.decode().startswith("Config valid: /")
    assert (
        "baseURL may be misspelt. Did you mean models.providers.actor.baseUrl?"
        in done.stderr.decode()
    )
    assert (
        'agents.defaults.model is "nobody/x": No installed plugin provides' in done.stderr.decode()
    )
    told = json.loads(program.run("config", "validate", "--json").stdout)
    assert told["valid"]
    assert len(told["warnings"]) == 2


def test_misspelt_keys_are_named_with_their_lines_beside_what_is_wrong(program):
    program.configure(
        '{\n agents: {defaults: {modle: "a/b",\n timeoutSecond: 5}},\n models: {mode: "x"}}'
    )
    done = program.run("config", "validate")
    assert done.returncode == 1
    assert "modelwire.json5:4: models.mode: expected one of" in done.stdout.decode()
    assert done.stderr.decode().splitlines() == [
        f"Warning: modelwire.json5:{line}: agents.defaults.{wrong} may be misspelt. "
        f"Did you mean agents.defaults.{right}?"
        for line, wrong, right in [(2, "modle", "model"), (3, "timeoutSecond", "timeoutSeconds")]
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["complete", "hi"],
        ["models", "aliases", "list"],
        ["models", "list"],
        ["models", "status"],
        ["plugins", "list"],
    ],
)
def test_a_command_that_ran_into_a_misspelt_key_says_so_once(program, arguments):
    model = '{primary: "actor/x",\n falbacks: ["actor/y"]}'
    program.configure(f"{{agents: {{defaults: {{model: {model}}}}},\n modelss: {{}}}}")
    done = program.run(*arguments, ACTOR_KEY="k")
    said = " ".join(done.stderr.decode().split())
    assert done.returncode == 0
    assert said.count("misspelt") == 1
    assert (
        "modelwire.json5:2: agents.defaults.model.falbacks may be misspelt. Did you mean "
        "agents.defaults.model.fallbacks? `modelwire config validate` lists all 2 such keys."
        in said
    )


def test_a_command_that_fails_for_a_misspelt_key_names_it(program):
    program.configure('{agents: {defaults: {modle: "actor/x"}}, models: {mode: 3}}')
    done = program.run("complete", "hi")
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "agents.defaults.modle may be misspelt. Did you mean agents.defaults.model?" in said
    assert "models.mode" in said


def test_validate_warns_of_an_auth_mode_that_no_plugin_owns(program):
    program.configure(
        '{ models: { providers: { acme: { baseUrl: "http://a", auth: "acme-login" } } } }'
    )
    done = program.run("config", "validate")
    assert done.returncode == 0
    assert (
        "models.providers.acme.auth: no installed plugin owns the auth mode 'acme-login'"
        in done.stderr.decode()
    )


def test_validate_wants_a_file(program):
    done = program.run("config", "validate")
    assert done.returncode == 1
    assert "Config file not found: " in done.stdout.decode()
    done = program.run("config", "validate", "--config", "other.json5", "--json")
    assert "Config file not found: " in json.loads(done.stdout)["issues"][0]["message"]


def test_file_names_the_file_or_the_one_that_would_be_created(program):
    done = program.run("config", "file")
    personal = program.folder / "home" / ".config" / "modelwire" / "modelwire.json5"
    assert done.stdout.decode() == f"{personal}\n"
    assert b"does not exist yet" in done.stderr
    program.configure({})
    own = program.folder / "modelwire.json5"
    assert program.run("config", "file").stdout.decode() == f"{own}\n"
    told = json.loads(program.run("config", "file", "--json", MODELWIRE_CONFIG="/x.json5").stdout)
    assert told == {"path": "/x.json5", "exists": False}


def test_schema_prints_a_json_schema_that_fits(configured):
    from jsonschema import Draft202012Validator  # it takes two seconds

    schema = json.loads(configured.run("config", "schema").stdout)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    document = json.loads(get(configured).stdout)
    assert Draft202012Validator(schema).is_valid(document)
    assert not Draft202012Validator(schema).is_valid({"models": {"mode": 5}})


HEAVY = "{'aiohttp', 'boto3', 'rich', 'asyncio', 'prompt_toolkit', 'json5', 'filelock', 'pluggy'}"


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["set", "--help"], set()),
        (["file"], set()),
        (["schema"], set()),
        (["get"], {"json5"}),
        (["set", "models.mode", "merge"], {"json5", "filelock", "asyncio"}),
    ],
)
def test_nothing_heavy_is_imported(tmp_path, arguments, allowed):
    code = f"""
import sys
from modelwire.cli.app import app
try:
    app(["config", *{arguments!r}], standalone_mode=False)
finally:
    print({HEAVY} & set(sys.modules), file=sys.stderr)
"""
    environ = {"HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = done.stderr.splitlines()[-1]
    assert (set() if found == "set()" else eval(found)) <= allowed


def test_colours_are_for_terminals(configured):
    arguments = ("config", "validate")
    assert "\x1b[" in configured.show(*arguments, **VARIABLES)
    assert "\x1b[" not in configured.show(*arguments, NO_COLOR="1", **VARIABLES)
    assert b"\x1b[" not in configured.run(*arguments, **VARIABLES).stdout
