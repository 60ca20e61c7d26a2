"""`modelwire models set`, `aliases` and `fallbacks`: the models that the configuration chooses."""

import json

import json5
import pytest

CONFIG = """{
  // my models
  models: { providers: { actor: { models: ["mine", "other"] } } },
  agents: {
    defaults: {
      model: {
        primary: "actor/mine",
        fallbacks: ["act/other"], // when it is down
      },
      models: { "actor/mine": { alias: "Me", params: { n: 1 } } },
    },
    list: [{ id: "w", model: "actor/other" }, { id: "r" }],
  },
}
"""


@pytest.fixture
def text(program):
    def read():
        return (program.folder / "modelwire.json5").read_text()

    program.configure(CONFIG)
    return read


def chosen(text):
    return json5.loads(text)["agents"]["defaults"]


def test_a_model_is_set_and_all_else_stays(program, text):
    done = program.run("models", "set", "act/other")
    assert (done.returncode, done.stdout) == (0, b"Default model: actor/other\n")
    assert text() == CONFIG.replace('primary: "actor/mine"', 'primary: "actor/other"')


def test_an_alias_or_a_bare_name_is_set_as_the_model_that_it_means(program, text):
    program.run("models", "set", "other")
    assert chosen(text())["model"]["primary"] == "actor/other"
    program.run("models", "set", "ME")
    assert chosen(text())["model"]["primary"] == "actor/mine"


def test_agents_that_do_not_use_the_new_default_are_named(program, text):
    done = program.run("models", "set", "actor/other")
    assert "agents.list[0].model" in done.stderr.decode()
    assert "agents.list[1]" not in done.stderr.decode()
    data = json.loads(program.run("models", "set", "actor/mine", "--json").stdout)
    assert data == {
        "default": "actor/mine",
        "changed": True,
        "created": False,
        "backup": None,
        "configPath": str(program.folder / "modelwire.json5"),
        "warning": None,
        "overrides": ["agents.list[0].model"],
    }


def test_a_model_that_no_list_has_is_saved_with_a_warning(program, text):
    done = program.run("models", "set", "actor/mime")
    assert done.returncode == 0
    assert "Warning: No list of models has actor/mime" in done.stderr.decode()
    assert "Did you mean actor/mine?" in done.stderr.decode()
    assert chosen(text())["model"]["primary"] == "actor/mime"


CLOSED = """
    from modelwire.errors import NotFound
    from modelwire.events import Stop
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.messages import StopReason

    @hookimpl
    def detect_credentials(config):
        return CredentialStatus("usable")

    @hookimpl
    def describe_call(model, provider):
        if model.id not in ("one", "another"):
            raise NotFound(f"closed has no model {model.id}.", hint="It has one and another.")
        return {}

    @hookimpl
    async def stream_completion(model, context):
        yield Stop(StopReason.STOP)
"""
NAMING = [
    ["models", "set"],
    ["models", "fallbacks", "add"],
    ["models", "aliases", "add", "name"],
    ["config", "set", "agents.defaults.model.primary"],
    ["config", "set", "agents.list[0].model"],
]


@pytest.mark.parametrize("command", NAMING, ids=" ".join)
def test_a_model_that_its_provider_does_not_have_is_saved_only_by_force(
    program, site, text, command
):
    site.install("closed", {"providers": {"closed": ""}, "defaults": {"closed/one": ""}}, CLOSED)
    for ref, hint in [("closed/zebra", "It has one and another."), ("closed/ones", "closed/one?")]:
        done = program.run(*command, ref)
        assert done.returncode == 1
        assert f"closed has no model {ref.removeprefix('closed/')}." in done.stderr.decode()
        assert hint in done.stderr.decode()
        assert "--force" in done.stderr.decode()
        assert text() == CONFIG
    done = program.run(*command, "closed/zebra", "--force")
    assert done.returncode == 0
    assert "closed has no model zebra." in done.stderr.decode()
    assert "closed/zebra" in text()
    assert program.run(*command, "closed/another").returncode == 0 or command[-1] == "name"


def test_a_patch_with_such_a_model_is_refused_in_the_same_way(program, site, text):
    site.install("closed", {"providers": {"closed": ""}}, CLOSED)
    patch = ("config", "patch", '{agents: {defaults: {model: {fallbacks: ["closed/zebra"]}}}}')
    done = program.run(*patch)
    assert done.returncode == 1
    assert "closed has no model zebra." in done.stderr.decode()
    assert text() == CONFIG
    assert program.run(*patch, "--force").returncode == 0
    assert chosen(text())["model"]["fallbacks"] == ["closed/zebra"]


def test_what_was_saved_by_force_is_reported(program, site, text):
    site.install("closed", {"providers": {"closed": ""}}, CLOSED)
    program.run("models", "set", "closed/zebra", "--force")
    for command in (
        ["doctor"],
        ["config", "validate"],
        ["models", "explain"],
        ["models", "status"],
    ):
        done = program.run(*command)
        assert "closed has no model zebra." in (done.stdout + done.stderr).decode(), command


def test_a_provider_that_is_not_installed_yet_is_saved_by_force(program, text):
    assert program.run("models", "set", "ghost/x").returncode == 1
    done = program.run("models", "set", "ghost/x", "--force")
    assert done.returncode == 0
    assert "No installed plugin provides 'ghost'." in done.stderr.decode()
    assert chosen(text())["model"]["primary"] == "ghost/x"
    assert program.run("models", "set", "actor/", "--force").returncode == 1  # names nothing


@pytest.mark.parametrize(
    ("ref", "message", "hint"),
    [
        ("ghost/x", "No installed plugin provides 'ghost'.", "Hint: "),
        ("actr/x", "No installed plugin provides 'actr'.", "Did you mean actor"),
        ("nothing", "No configured or discovered model is called 'nothing'.", "Hint: "),
        ("actor/", "'actor/' does not name a model.", "Write provider/model-id."),
    ],
)
def test_what_names_no_model_is_refused_and_nothing_is_written(program, text, ref, message, hint):
    for command in (["set"], ["fallbacks", "add"], ["aliases", "add", "name"]):
        done = program.run("models", *command, ref)
        assert done.returncode == 1
        assert message in done.stderr.decode()
        assert hint in done.stderr.decode()
        assert done.stdout == b""
    assert text() == CONFIG


def test_without_a_file_one_is_created(program):
    new = program.folder / "new.json5"
    done = program.run("models", "set", "actor/x", "--config", str(new))
    assert f"Created {new}." in done.stderr.decode()
    assert chosen(new.read_text()) == {"model": {"primary": "actor/x"}}
    assert program.run("models", "set", "actor/x").returncode == 0
    assert program.run("models", "status", "--plain").stdout == b"actor/x\n"


def test_a_file_that_is_not_valid_is_left_alone(program):
    program.configure("{agents: {,}}")
    done = program.run("models", "set", "actor/x")
    assert done.returncode == 1
    assert "modelwire.json5:1" in done.stderr.decode()
    assert (program.folder / "modelwire.json5").read_text() == "{agents: {,}}"


def test_aliases_are_listed_in_three_forms(program, text):
    program.run("models", "aliases", "add", "alpha", "actor/other")
    assert program.run("models", "aliases", "list").stdout.decode() == (
        "Aliases (2):\n- alpha -> actor/other\n- me -> actor/mine\n"
    )
    listed = program.run("models", "aliases", "list", "--plain").stdout.decode()
    assert listed == "alpha actor/other\nme actor/mine\n"
    data = json.loads(program.run("models", "aliases", "list", "--json").stdout)
    assert data == {"aliases": {"alpha": "actor/other", "me": "actor/mine"}}
    assert program.run("models", "aliases").stdout.startswith(b"Aliases (2):")


def test_an_alias_is_added_once_and_never_silently_moved(program, text):
    done = program.run("models", "aliases", "add", "Fast", "act/other")
    assert done.stdout == b"Alias Fast -> actor/other\n"
    after = text()
    again = program.run("models", "aliases", "add", "fast", "other")
    assert (again.returncode, again.stdout) == (0, b"Alias fast -> actor/other (unchanged)\n")
    moved = program.run("models", "aliases", "add", "FAST", "actor/mine")
    assert moved.returncode == 1
    assert "Alias FAST already points to actor/other." in moved.stderr.decode()
    assert text() == after


def test_a_model_has_one_alias_and_the_former_one_is_reported(program, text):
    done = program.run("models", "aliases", "add", "best", "actor/mine")
    assert "It replaces the model's former alias me." in done.stderr.decode()
    assert chosen(text())["models"]["actor/mine"] == {"alias": "best", "params": {"n": 1}}


def test_an_alias_is_removed_in_any_case(program, text):
    assert program.run("models", "aliases", "remove", "mE").returncode == 0
    assert chosen(text())["models"] == {"actor/mine": {"params": {"n": 1}}}
    done = program.run("models", "aliases", "remove", "me")
    assert done.returncode == 1
    assert "Alias not found: me" in done.stderr.decode()


@pytest.mark.parametrize("name", ["two words", "a/b", "", "é"])
def test_a_name_that_no_alias_may_have_is_misuse(program, text, name):
    done = program.run("models", "aliases", "add", name, "actor/mine")
    assert done.returncode == 2
    assert text() == CONFIG


def test_fallbacks_are_added_once_listed_and_removed(program, text):
    done = program.run("models", "fallbacks", "add", "Me")
    assert done.stdout == b"Fallbacks (2):\n- actor/other\n- actor/mine\n"
    after = text()
    assert "// when it is down" in after
    program.run("models", "fallbacks", "add", "actor/other")
    assert text() == after
    listed = program.run("models", "fallbacks", "list", "--plain").stdout.decode()
    assert listed == "actor/other\nactor/mine\n"
    data = json.loads(program.run("models", "fallbacks", "list", "--json").stdout)
    assert data == {"fallbacks": ["actor/other", "actor/mine"]}
    done = program.run("models", "fallbacks", "remove", "actor/other")
    assert done.stdout == b"Fallbacks (1):\n- actor/mine\n"
    assert chosen(text())["model"]["fallbacks"] == ["actor/mine"]
    assert program.run("models", "fallbacks").stdout == b"Fallbacks (1):\n- actor/mine\n"


def test_a_fallback_that_is_not_there_cannot_be_removed(program, text):
    done = program.run("models", "fallbacks", "remove", "actor/gone")
    assert done.returncode == 1
    assert "Fallback not found: actor/gone" in done.stderr.decode()
    assert text() == CONFIG


def test_fallbacks_are_cleared(program, text):
    done = program.run("models", "fallbacks", "clear")
    assert done.stdout.startswith(b"No fallbacks")
    assert chosen(text())["model"]["fallbacks"] == []
    assert json.loads(program.run("models", "fallbacks", "list", "--json").stdout) == {
        "fallbacks": []
    }


def test_variables_are_kept_as_they_are_written(program):
    program.configure('{agents: {defaults: {model: {fallbacks: ["actor/${WHICH}", "actor/b"]}}}}')
    assert program.run("models", "fallbacks", "add", "actor/c", WHICH="a").returncode == 0
    assert program.run("models", "fallbacks", "add", "actor/a", WHICH="a").returncode == 0
    found = json5.loads((program.folder / "modelwire.json5").read_text())
    assert chosen(json.dumps(found))["model"]["fallbacks"] == [
        "actor/${WHICH}",
        "actor/b",
        "actor/c",
    ]
    assert program.run("models", "fallbacks", "remove", "actor/a", WHICH="a").returncode == 0
    assert "WHICH" not in (program.folder / "modelwire.json5").read_text()
