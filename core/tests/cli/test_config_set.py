"""`modelwire config set` and `unset`: the installed program, writing."""

import json
import stat
import subprocess

import json5
import pytest

TEXT = """\
// mine
{
  models: {
    providers: {
      actor: { models: ["small", { id: "v1.5" }], apiKey: '${ACTOR_KEY}' }, // ours
    },
  },
  agents: { defaults: { model: "actor/small" /* cheap */, timeoutSeconds: 5 } },
}
"""
KEY = {"ACTOR_KEY": "hush"}


@pytest.fixture
def configured(program):
    program.configure(TEXT)
    return program


def config(program, *arguments, status=0, **options):
    done = program.run("config", *arguments, **{**KEY, **options})
    assert done.returncode == status, done.stdout + done.stderr
    return done


def text_of(program):
    return (program.folder / "modelwire.json5").read_text()


def data_of(program):
    return json5.loads(text_of(program))


def test_the_first_setting_creates_the_users_file(program):
    done = config(program, "set", "models.bedrockDiscovery.enabled", "true")
    path = program.folder / "home" / ".config" / "modelwire" / "modelwire.json5"
    assert done.stdout.decode() == f"Set models.bedrockDiscovery.enabled in the new file {path}.\n"
    assert done.stderr == b""
    written = "{\n  models: {\n    bedrockDiscovery: {\n      enabled: true\n    }\n  }\n}\n"
    assert path.read_text() == written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_file_that_is_named_as_plain_json_is_plain_json(program):
    path = program.folder / "mine.json"
    arguments = ("set", "models.bedrockDiscovery.enabled", "true", "--config", str(path))
    done = config(program, *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(path.read_text()) == {"models": {"bedrockDiscovery": {"enabled": True}}}
    unset = ("unset", "nothing.here", "--config", str(program.folder / "no.json"))
    config(program, *unset, status=1)
    assert not (program.folder / "no.json").exists()


def test_one_value_changes_and_nothing_else(configured):
    done = config(configured, "set", "agents.defaults.timeoutSeconds", "60")
    assert b"Set agents.defaults.timeoutSeconds in /" in done.stdout
    assert text_of(configured) == TEXT.replace("timeoutSeconds: 5", "timeoutSeconds: 60")


def test_an_equal_value_touches_nothing(configured):
    before = (configured.folder / "modelwire.json5").stat()
    done = config(configured, "set", "agents.defaults.timeoutSeconds", "5")
    after = (configured.folder / "modelwire.json5").stat()
    assert done.stdout.startswith(b"No change: /")
    assert (after.st_mtime_ns, after.st_ino, after.st_mode) == (
        before.st_mtime_ns,
        before.st_ino,
        before.st_mode,
    )
    assert text_of(configured) == TEXT


def test_a_value_that_is_the_default_is_written_too(configured):
    config(configured, "set", "models.mode", "merge")
    assert data_of(configured)["models"]["mode"] == "merge"


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("42", 42),
        ("3.14", 3.14),
        ("-0", 0),
        ("0x10", 16),
        ("true", True),
        ("null", None),
        ("{a: 1,}", {"a": 1}),
        ("[1, 'two']", [1, "two"]),
        ("'42'", "42"),
        ("plain text", "plain text"),
        ("{bad", "{bad"),
        ("", ""),
        ("${ACTOR_KEY}", "${ACTOR_KEY}"),
    ],
)
def test_a_value_is_json5_or_else_text(configured, typed, value):
    config(configured, "set", "agents.defaults.params.x", "--", typed)
    assert data_of(configured)["agents"]["defaults"]["params"]["x"] == value
    assert "hush" not in text_of(configured)


def test_digits_are_text_where_only_text_may_stand(configured):
    config(configured, "set", "models.providers.actor.apiKey", "123456")
    config(configured, "set", "models.providers.actor.maxTokens", "123")
    actor = data_of(configured)["models"]["providers"]["actor"]
    assert (actor["apiKey"], actor["maxTokens"]) == ("123456", 123)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x", "Infinity"], "Value must be a finite number"),
        (["x", "1e999"], "Value must be a finite number"),
        (["--strict-json", "x", "oops"], 'Could not parse "oops" as JSON for --strict-json.'),
        (["--strict-json", "x", "NaN"], "Value must be a finite number"),
        (["--strict-json", "models.providers.actor.apiKey", "sk-1"], "Could not parse <hidden> as"),
        (["models.mode", "both"], 'expected one of "merge", "replace"; found "both"'),
        (["models.providers.actor.apiKey", "{sk: 1}"], "models.providers.actor.apiKey"),
        (["models.providers.actor.models[5]", "x"], "Use index 2 to append"),
        (["models..mode", "x"], "Invalid path (empty segment)"),
        (["models.constructor", "x"], "Invalid path segment: constructor"),
        (["x", '{"__proto__": 1}'], "Invalid path segment: __proto__"),
        (["models.providers.actor.apiKey", "${NO_SUCH}"], 'Missing env var "NO_SUCH"'),
        (["agents.defaults.timeoutSeconds.deep", "5"], "is a number, not an object"),
    ],
)
def test_what_cannot_be_set_is_said_and_nothing_is_written(configured, arguments, message):
    done = config(configured, "set", *arguments, status=1)
    assert message in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    told = json.loads(config(configured, "set", "--json", *arguments, status=1).stdout)
    assert told["ok"] is False
    assert message in json.dumps(told, ensure_ascii=False).replace('\\"', '"')
    assert text_of(configured) == TEXT


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x"],
        ["x", "1", "--merge", "--replace"],
        ["x", "1", "--batch-json", "[]"],
        ["x", "1", "--ref-id", "A"],
        ["x", "1", "--ref-source", "env", "--ref-id", "A"],
        ["x", "1", "--expect-current-absent", "--expect-current-json", "1"],
    ],
)
def test_misuse_ends_with_two(configured, arguments):
    assert b"Usage: modelwire config set" in config(configured, "set", *arguments, status=2).stderr


# Paths.


def test_brackets_quotes_and_dots_name_the_same_place(configured):
    for path in 'models.providers["actor"].region', "models['providers'].actor.region":
        config(configured, "set", path, path)
        assert data_of(configured)["models"]["providers"]["actor"]["region"] == path


CLAUDE = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def test_a_dotted_model_needs_no_quotes_once_the_file_names_it(program):
    program.configure({"agents": {"defaults": {"models": {CLAUDE: {"params": {}}}}}})
    config(program, "set", f"agents.defaults.models.{CLAUDE}.alias", "sonnet")
    assert data_of(program)["agents"]["defaults"]["models"] == {
        CLAUDE: {"params": {}, "alias": "sonnet"}
    }
    assert config(program, "get", f"agents.defaults.models.{CLAUDE}.alias").stdout == b"sonnet\n"
    config(program, "unset", f"agents.defaults.models.{CLAUDE}.alias")
    assert data_of(program)["agents"]["defaults"]["models"] == {CLAUDE: {"params": {}}}


def test_a_dotted_model_needs_no_quotes_when_it_is_described(configured):
    config(configured, "set", "agents.defaults.models.actor/v1.5.alias", "half")
    assert data_of(configured)["agents"]["defaults"]["models"] == {"actor/v1.5": {"alias": "half"}}


def test_a_dotted_model_needs_no_quotes_when_it_was_discovered(program, site):
    site.install(
        "dots",
        {"providers": {"dots": ""}, "apis": {"dots-chat": ""}},
        """
        from modelwire.hookspecs import hookimpl, CredentialStatus
        from modelwire.models import Model

        @hookimpl
        def detect_credentials(config):
            return CredentialStatus("usable", source="none needed")

        @hookimpl
        async def discover_models(provider, config):
            return [Model(provider.id, "us.vendor.m-v1:0")]

        @hookimpl
        async def stream_completion(model, context, options):
            yield
        """,
    )
    path = "agents.defaults.models.dots/us.vendor.m-v1:0.alias"
    refused = config(program, "set", path, "m", status=1)
    assert "not a known model" in refused.stderr.decode()
    assert """'agents.defaults.models["dots/us.vendor.m-v1:0"].alias'""" in refused.stderr.decode()
    assert program.run("models", "list", "--all", "--provider", "dots").returncode == 0
    done = json.loads(config(program, "set", path, "m", "--json").stdout)
    assert done["paths"] == ['agents.defaults.models["dots/us.vendor.m-v1:0"].alias']


def test_the_shorthand_for_a_model_stays_one(configured):
    config(configured, "set", "agents.defaults.model.primary", "actor/v1.5")
    assert text_of(configured) == TEXT.replace('"actor/small" /*', '"actor/v1.5" /*')
    done = config(configured, "set", "agents.defaults.model.fallbacks", '["actor/small"]')
    assert data_of(configured)["agents"]["defaults"]["model"] == {
        "primary": "actor/v1.5",
        "fallbacks": ["actor/small"],
    }
    assert b"the old file is saved as" in done.stderr
    assert (configured.folder / "modelwire.json5.bak").read_text() == TEXT.replace(
        '"actor/small" /*', '"actor/v1.5" /*'
    )


# Models are checked before they are written.


def test_a_model_that_no_plugin_provides_is_refused(configured):
    done = config(configured, "set", "agents.defaults.model.primary", "nobody/x", status=1)
    assert 'Cannot set model reference "nobody/x" at agents.defaults.model' in done.stderr.decode()
    told = json.loads(
        config(
            configured, "set", "--dry-run", "--json", "agents.defaults.model", "nobody/x", status=1
        ).stdout
    )
    assert told["error"]["kind"] == "model"
    assert text_of(configured) == TEXT


def test_a_model_that_is_not_listed_is_written_with_a_note(configured):
    done = config(configured, "set", "agents.defaults.model", "actor/smoll")
    assert "Note: actor/smoll is in no list of known models." in done.stderr.decode()
    assert data_of(configured)["agents"]["defaults"]["model"] == "actor/smoll"


def test_a_model_behind_a_variable_is_checked_and_stays_a_variable(configured):
    config(configured, "set", "agents.defaults.model", "${M}", M="actor/v1.5")
    assert data_of(configured)["agents"]["defaults"]["model"] == "${M}"
    done = config(configured, "set", "agents.defaults.model.fallbacks", '["${N}"]', M="actor/v1.5", N="nobody/x", status=1)  # fmt: skip
    assert 'Cannot set model reference "${N}"' in done.stderr.decode()


def test_agents_with_a_model_of_their_own_are_named(program):
    program.configure(
        {
            "agents": {
                "defaults": {"model": "actor/found"},
                "list": [{"id": "a"}, {"id": "b", "model": "actor/own"}],
                "entries": {"writer": {"model": {"primary": "actor/own"}}},
            }
        }
    )
    done = config(program, "set", "agents.defaults.model.primary", "actor/small")
    notes = done.stderr.decode()
    assert "this agent keeps its own model: agents.list[1].model" in notes
    assert "this agent keeps its own model: agents.entries.writer.model" in notes
    quiet = config(program, "set", "agents.defaults.timeoutSeconds", "5")
    assert quiet.stderr == b""


def test_a_key_that_is_never_read_is_kept_with_a_note(configured):
    done = config(configured, "set", "agents.defaults.modle", "actor/small")
    assert "Did you mean agents.defaults.model?" in done.stderr.decode()
    done = config(configured, "set", "gateway.port", "80")
    assert "modelwire does not use gateway" in done.stderr.decode()
    assert data_of(configured)["gateway"] == {"port": 80}


# What could be lost, and when to write at all.


def test_entries_are_not_lost_by_accident(configured):
    path = "models.providers.actor.models"
    refused = config(configured, "set", path, '["new"]', status=1)
    assert "actor.models.small" in refused.stderr.decode()
    assert "--merge" in refused.stderr.decode()
    assert text_of(configured) == TEXT
    config(configured, "set", "--merge", path, '[{id: "small", maxTokens: 9}, "new"]')
    assert data_of(configured)["models"]["providers"]["actor"]["models"] == [
        {"id": "small", "maxTokens": 9},
        {"id": "v1.5"},
        "new",
    ]
    done = config(configured, "set", "--replace", path, '["new"]')
    assert data_of(configured)["models"]["providers"]["actor"]["models"] == ["new"]
    assert b"the old file is saved as" in done.stderr
    assert "// ours" in text_of(configured)


def test_a_value_is_set_only_on_what_was_expected(configured):
    path = "agents.defaults.timeoutSeconds"
    for options in ["--expect-current-json", "6"], ["--expect-current-absent"]:
        done = config(configured, "set", path, "7", *options, status=1)
        assert f"Conflict at {path}" in done.stderr.decode()
    assert text_of(configured) == TEXT
    config(configured, "set", path, "7", "--expect-current-json", "5")
    config(configured, "set", "agents.defaults.thinkingDefault", "low", "--expect-current-absent")
    config(configured, "set", "agents.defaults.thinkingDefault", "null")
    told = config(
        configured, "set", "agents.defaults.thinkingDefault", "x", "--expect-current-absent",
        "--json", status=1,
    )  # fmt: skip
    assert json.loads(told.stdout)["error"]["kind"] == "conflict"
    config(
        configured, "set", "agents.defaults.thinkingDefault", "x", "--expect-current-json", "null"
    )
    assert data_of(configured)["agents"]["defaults"]["timeoutSeconds"] == 7


def test_a_reference_to_a_secret_is_built(configured):
    path = "models.providers.actor.apiKey"
    config(configured, "set", path, "--ref-source", "env", "--ref-id", "ACTOR_KEY")
    ref = {"source": "env", "id": "ACTOR_KEY"}
    assert data_of(configured)["models"]["providers"]["actor"]["apiKey"] == ref
    assert json.loads(config(configured, "get", path).stdout) == ref


def test_a_batch_is_done_as_a_whole(configured):
    batch = [
        {"path": "models.mode", "value": "replace"},
        {"path": "agents.defaults.timeoutSeconds", "unset": True},
        {"path": "models.providers.actor.models", "value": ["new"], "merge": True},
        {"path": "models.providers.actor.region", "value": "north", "expectAbsent": True},
    ]
    (configured.folder / "batch.json").write_text(json.dumps(batch))
    done = config(configured, "set", "--batch-file", "batch.json", "--json")
    told = json.loads(done.stdout)
    assert (told["operations"], told["inputModes"]) == (4, ["json", "unset"])
    data = data_of(configured)
    assert data["models"]["mode"] == "replace"
    assert data["models"]["providers"]["actor"]["models"] == ["small", {"id": "v1.5"}, "new"]
    assert "timeoutSeconds" not in data["agents"]["defaults"]
    before = text_of(configured)
    batch = '[{path: "models.mode", value: "merge"}, {path: "models.mode", value: 5}]'
    config(configured, "set", "--batch-json", batch, status=1)
    assert text_of(configured) == before


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ("{", "line 1"),
        ("{}", "expected a list of operations"),
        ("[]", "expected a list of operations"),
        ("[{value: 1}]", '"path"'),
        ("[{path: 'x'}]", '"value"'),
        ("[{path: 'x', value: 1, valeu: 2}]", '"valeu" is not known'),
        ("[{path: 'x', value: 1, merge: true, replace: true}]", "only one of"),
    ],
)
def test_a_batch_that_is_wrong_is_explained(configured, batch, message):
    done = config(configured, "set", "--batch-json", batch, status=1)
    assert message in done.stderr.decode()
    assert text_of(configured) == TEXT


def test_a_batch_file_has_a_limit(configured):
    (configured.folder / "big").write_bytes(b" " * (8 * 1024 * 1024 + 1))
    done = config(configured, "set", "--batch-file", "big", status=1)
    assert b"larger than 8 MiB" in done.stderr
    assert b"No such file" in config(configured, "set", "--batch-file", "none", status=1).stderr


# Dry runs.


def test_a_dry_run_shows_the_difference_without_secrets(configured):
    done = config(configured, "set", "--dry-run", "models.providers.actor.apiKey", "sk-1")
    lines = done.stdout.decode().splitlines()
    assert "-      actor: { models: [\"small\", { id: \"v1.5\" }], apiKey: '${ACTOR_KEY}' }, // ours" in lines  # fmt: skip
    assert '+      actor: { models: ["small", { id: "v1.5" }], apiKey: "<hidden>" }, // ours' in lines  # fmt: skip
    assert b"sk-1" not in done.stdout + done.stderr
    assert b"Dry run: nothing was written." in done.stderr
    assert text_of(configured) == TEXT


def test_a_dry_run_for_programs_says_what_was_checked(configured):
    done = config(configured, "set", "--dry-run", "--json", "agents.defaults.model", "actor/v1.5")
    told = json.loads(done.stdout)
    assert (told["ok"], told["dryRun"], told["changed"], told["refsChecked"]) == (True,) * 3 + (1,)
    assert told["checks"] == {"schema": True, "resolvability": True, "resolvabilityComplete": True}
    assert text_of(configured) == TEXT


# Removing.


def test_unset_removes_one_value_and_nothing_else(configured):
    done = config(configured, "unset", "agents.defaults.timeoutSeconds")
    assert b"Removed agents.defaults.timeoutSeconds in" in done.stdout
    assert text_of(configured) == TEXT.replace(", timeoutSeconds: 5", "")
    config(configured, "unset", "agents.defaults.model.primary")
    assert data_of(configured)["agents"] == {"defaults": {}}


def test_unset_of_what_is_not_there_is_an_error(configured):
    for arguments in ["models.mode"], ["models.mode", "--dry-run"]:
        done = config(configured, "unset", *arguments, status=1)
        assert "Config path not found: models.mode." in done.stderr.decode()
    told = json.loads(config(configured, "unset", "models.mode", "--json", status=1).stdout)
    assert told["error"]["kind"] == "missing-path"
    assert text_of(configured) == TEXT


def test_unset_can_be_tried(configured):
    done = config(configured, "unset", "--dry-run", "models.providers.actor")
    assert b"-      actor: {" in done.stdout
    assert text_of(configured) == TEXT


def test_a_broken_file_can_be_mended_value_by_value(program):
    program.configure('{ models: { mode: 5 }, agents: { defaults: { timeoutSeconds: "x" } } }')
    done = config(program, "set", "models.mode", "merge")
    assert "still wrong in the file: agents.defaults.timeoutSeconds" in done.stderr.decode()
    config(program, "unset", "agents.defaults.timeoutSeconds")
    assert config(program, "validate").returncode == 0


# The file itself.


def test_a_link_is_written_through(program):
    (program.folder / "real.json5").write_text("{}")
    (program.folder / "modelwire.json5").symlink_to("real.json5")
    config(program, "set", "models.mode", "merge")
    assert (program.folder / "modelwire.json5").is_symlink()
    assert "merge" in (program.folder / "real.json5").read_text()


@pytest.mark.parametrize("target", ["nowhere", "itself"])
def test_a_link_to_nowhere_is_an_error(program, target):
    (program.folder / "itself").symlink_to(target)
    done = config(program, "set", "models.mode", "merge", "--config", "itself", status=1)
    assert b"symbolic link" in done.stderr
    assert b"Hint: " in done.stderr


@pytest.mark.extensive("it starts many processes")
def test_programs_that_write_at_once_lose_nothing(program):
    program.configure("{}")
    running = [
        program.start("config", "set", f"agents.defaults.params.p{number}", str(number),
                      stdout=subprocess.DEVNULL)
        for number in range(6)
    ]  # fmt: skip
    assert [process.wait(60) for process in running] == [0] * 6
    params = data_of(program)["agents"]["defaults"]["params"]
    assert params == {f"p{number}": number for number in range(6)}


@pytest.mark.parametrize(
    ("text", "found"),
    [("null", "null"), ('// mine\n"a"', '"a"'), ("3", "3"), ("[1]", "a list")],
)
@pytest.mark.parametrize(
    "command",
    [("set", "models.mode", "merge"), ("unset", "models.mode"), ("patch", "--stdin")],
    ids=lambda command: command[0],
)
def test_a_file_that_holds_no_object_is_named_and_left_alone(program, text, found, command):
    program.configure(text)
    done = config(program, *command, status=1, stdin=b"{models: {mode: 'merge'}}")
    path = program.folder / "modelwire.json5"
    said = done.stderr.decode()
    line = text.count("\n") + 1
    assert f"{path}:{line}: expected an object at the top level, found {found}" in said
    assert f"Replace the contents of {path} with {{}}" in " ".join(said.split())
    assert text_of(program) == text


def test_a_file_without_anything_is_filled(program):
    program.configure("// nothing yet\n")
    config(program, "set", "models.mode", "merge")
    assert data_of(program) == {"models": {"mode": "merge"}}
