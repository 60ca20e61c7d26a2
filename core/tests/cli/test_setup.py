"""`modelwire setup` with the guide of a plugin that nobody has heard of, on a terminal and off it."""

import json
import re
import signal

import json5
import pexpect
import pytest

from modelwire.cli.setup.guides import find_offer, missing_plugins
from modelwire.errors import PluginError
from modelwire.registry.published import published_plugins

KEY = "sk-the-secret-key"

GUIDE = """
    from modelwire.hookspecs import Question, SetupGuide

    def questions(provider, environ):
        return [
            Question("region", "Where", environ.get("ACTOR_REGION") or "north"),
            Question("stage", "Stage"),
            Question("api_key_env", "Variable with the key", "ACTOR_KEY", kind="variable"),
        ]

    def settings(provider, answers, environ):
        home = ("models", "providers", provider)
        written = {(*home, "region"): answers["region"]}
        if "stage" in answers:
            written[*home, "params", "stage"] = answers["stage"]
        written[*home, "apiKey"] = {"source": "env", "id": answers["api_key_env"]}
        return written

    GUIDE = SetupGuide("An actor", "actor", questions=questions, settings=settings, models=("fo*",))
"""


@pytest.fixture
def program(program, site):
    site.install("actor-guide", {"setup": {"a-stage": "actor_guide_plugin:GUIDE"}}, GUIDE)
    return program


def set_up(program, *arguments, **environ):
    done = program.run("setup", *arguments, **{"ACTOR_KEY": KEY, **environ})
    assert KEY.encode() not in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr
    return done


def written(program):
    path = program.folder / "home" / ".config" / "modelwire" / "modelwire.json5"
    return json5.loads(path.read_text()) if path.exists() else None


YES = ("--yes", "--provider", "actor")


def test_by_options_alone_it_is_tested_and_written_and_the_next_command_shown(program):
    done = set_up(program, *YES, "--region", "south", "--answer", "stage=left")
    assert done.returncode == 0, done.stderr
    assert written(program) == {
        "models": {
            "providers": {
                "actor": {
                    "region": "south",
                    "params": {"stage": "left"},
                    "apiKey": {"source": "env", "id": "ACTOR_KEY"},
                }
            }
        },
        "agents": {"defaults": {"model": {"primary": "actor/found"}}},
    }
    assert b"Tested: actor/found answers in" in done.stdout
    assert b"Next: modelwire complete" in done.stdout
    assert program.run("complete", "hi", ACTOR_KEY=KEY).stdout == b"You said: hi\n"


def test_a_second_time_there_is_nothing_to_change(program):
    set_up(program, *YES)
    before = written(program)
    done = set_up(program, *YES)
    assert b"Nothing to change" in done.stdout
    assert written(program) == before


def test_comments_other_providers_and_the_default_model_stay(program):
    text = """{
  // mine
  models: { providers: { acme: { api: "actor-chat", baseUrl: "http://localhost:1" } } },
  agents: { defaults: { model: "acme/large" } }, // the best
}
"""
    program.configure(text)
    done = set_up(program, *YES)
    assert done.returncode == 0
    after = (program.folder / "modelwire.json5").read_text()
    assert "// mine" in after
    assert 'acme: { api: "actor-chat", baseUrl: "http://localhost:1" }' in after
    assert 'agents: { defaults: { model: "acme/large" } }, // the best' in after
    assert b"acme/large stays the default model" in done.stderr
    set_up(program, *YES, "--model", "found")
    assert 'model: "actor/found"' in (program.folder / "modelwire.json5").read_text()


def test_what_does_not_answer_is_not_written(program):
    done = set_up(program, *YES, "--model", "actor/refuses")
    assert done.returncode == 1
    assert b"The key was refused" in done.stderr
    assert b"Renew it." in done.stderr
    assert written(program) is None


def test_a_configuration_in_the_home_of_an_unknown_user_is_no_traceback(program):
    path = "~nobody-of-that-name/x.json5"
    assert set_up(program, *YES, "--no-test", "--config", path).returncode == 0
    assert (program.folder / path).exists()
    done = set_up(program, *YES, "--no-test", MODELWIRE_CONFIG="~nobody-of-that-name/y.json5")
    assert done.returncode == 0


def test_without_a_test_no_request_is_sent(program):
    done = set_up(program, *YES, "--no-test", "--model", "refuses")
    assert done.returncode == 0
    assert written(program)["agents"]["defaults"]["model"]["primary"] == "actor/refuses"
    assert not program.asked.exists()
    assert b"Tested" not in done.stdout


def test_json_says_what_was_done(program):
    done = set_up(program, "--json", "--provider", "actor")
    data = json.loads(done.stdout)
    assert data["model"] == "actor/found"
    assert data["default"] is data["changed"] is data["tested"] is True
    assert data["configPath"].endswith("modelwire.json5")
    assert data["next"] == ['modelwire complete "What is the capital of France?"']


def test_a_variable_that_is_not_set_is_among_the_next_commands(program):
    done = set_up(program, *YES, "--no-test", "--api-key-env", "OTHER_KEY")
    assert b"Next: export OTHER_KEY=..." in done.stdout


@pytest.mark.parametrize("key", ["sk-proj-abc", "abc def", "0123456789abcdef0123456789abcdef"])
def test_a_key_in_place_of_its_variable_is_refused_and_not_repeated(program, key):
    done = set_up(program, *YES, "--api-key-env", key)
    assert done.returncode == 2
    assert b"not the key itself" in done.stderr
    assert key.encode() not in done.stderr + done.stdout
    assert written(program) is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), b"There is no terminal"),
        (("--yes",), b"Name a provider with --provider"),
        (("--yes", "--provider", "actress"), b"Did you mean actor"),
        (("--yes", "--provider", "nobody-at-all"), b"No installed plugin"),
        ((*YES, "--profile", "x"), b"--profile does not apply"),
        ((*YES, "--answer", "colour=red"), b"--answer colour=... does not apply"),
        ((*YES, "--answer", "colour"), b"NAME=VALUE"),
    ],
)
def test_misuse_is_reported_and_nothing_written(program, arguments, told):
    done = set_up(program, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert written(program) is None


def test_a_configuration_with_mistakes_is_reported_and_not_changed(program):
    program.configure("{ models: 7 }")
    done = set_up(program, *YES)
    assert done.returncode == 1
    assert b"modelwire.json5:1" in done.stderr
    assert (program.folder / "modelwire.json5").read_text() == "{ models: 7 }"


def test_a_broken_guide_is_reported_and_left_out(program, site):
    site.install("cracked", {"setup": {"cracked": "cracked_plugin:NOTHING"}}, "x = 1")
    done = set_up(program, *YES)
    assert done.returncode == 0
    assert b"cracked cannot be loaded" in done.stderr


def test_a_guide_that_fails_is_reported_with_its_place_and_without_a_traceback(program, site):
    source = """
        from modelwire.hookspecs import SetupGuide
        GUIDE = SetupGuide("Odd", "odd", questions=lambda provider, environ: 1 / 0)
    """
    site.install("odd", {"setup": {"odd": "odd_plugin:GUIDE"}}, source)
    done = set_up(program, "--yes", "--provider", "odd")
    assert done.returncode == 1
    assert b"The guide of odd failed: ZeroDivisionError at" in done.stderr


@pytest.mark.parametrize("plugin", published_plugins(), ids=lambda plugin: plugin.distribution)
def test_a_plugin_that_is_not_installed_is_named_with_how_to_get_it(site, plugin):
    """However its provider is spelled."""
    registry = site.registry()
    assert missing_plugins(registry) == list(published_plugins())
    assert plugin.titles
    for name in plugin.names:
        for spelled in (name, name.upper(), name.replace("-", "_"), f" {name} "):
            with pytest.raises(
                PluginError, match=f"not installed: {plugin.distribution}"
            ) as caught:
                find_offer(registry, [], spelled, has_address=False)
            assert f"pip install {plugin.distribution}" in caught.value.hint


def test_an_installed_plugin_is_not_missing(site):
    plugin = published_plugins()[0]
    site.provider("something", name=plugin.distribution)
    assert missing_plugins(site.registry()) == list(published_plugins()[1:])


class Terminal:
    """The program on a pseudo-terminal of 80 columns that cannot draw: its questions are lines."""

    def __init__(self, program, *arguments, **environ):
        environ = {**program.environ, "TERM": "dumb", **environ}
        self.child = pexpect.spawn(
            program.command[0],
            ["setup", *arguments],
            cwd=program.folder,
            env=environ,
            dimensions=(40, 80),
            encoding="utf-8",
            timeout=60,
        )
        self.shown = ""

    def answer(self, question, text):
        self.child.expect_exact(question)
        self.shown += self.child.before + question
        self.child.sendline(text)

    def control(self, question, letter):
        self.child.expect_exact(question)
        self.child.sendcontrol(letter)

    def end(self):
        self.child.expect(pexpect.EOF)
        self.shown += self.child.before
        self.child.close()
        self.shown = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.shown).replace("\r", "")
        return self.child.exitstatus


def number_of(terminal, title):
    terminal.child.expect_exact("What do you have?")
    terminal.child.expect(rf"(\d+)  {title}")
    return terminal.child.match[1]


def test_on_a_terminal_it_asks_tries_shows_and_writes(program):
    terminal = Terminal(program, ACTOR_KEY=KEY)
    number = number_of(terminal, "An actor")
    terminal.answer("Number:", number)
    terminal.answer("Where [north]:", "west")
    terminal.answer("Stage:", "")
    terminal.answer("Variable with the key [ACTOR_KEY]:", "")
    terminal.answer("Model: a number or an id [1]:", "")
    terminal.answer("Write it? [Y/n]:", "y")
    assert terminal.end() == 0
    assert "1  found" in terminal.shown
    assert "actor/found answers in" in terminal.shown
    assert 'models.providers.actor.region: "west"' in terminal.shown
    assert written(program)["models"]["providers"]["actor"]["region"] == "west"
    assert "stage" not in json.dumps(written(program))
    assert KEY not in terminal.shown


def test_what_was_found_in_the_environment_comes_first(program, site):
    site.install(
        "other-guide",
        {"setup": {"a-first": "other_guide_plugin:GUIDE"}},
        GUIDE.replace('"An actor", "actor"', '"Another", "other"'),
    )
    terminal = Terminal(program, ACTOR_KEY=KEY)
    terminal.child.expect_exact("What do you have?")
    terminal.child.expect(r"1  An actor \(found in env: ACTOR_KEY\)")
    terminal.child.expect(r"(\d+)  Another\r")
    terminal.control("Number:", "c")
    assert terminal.end() == 130
    assert KEY not in terminal.shown


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        (["BIG", "2"], "big-b"),
        (["small", "tiny", ""], "tiny-1"),
        (["big-a"], "big-a"),
        (["big", "big"], "big"),
        (["unlisted-3"], "unlisted-3"),
    ],
)
def test_a_part_of_a_name_leaves_the_models_that_have_it(program, typed, chosen):
    names = [*(f"small-{n}" for n in range(20)), "big-a", "big-b", "tiny-1"]
    models = [{"id": name} for name in names]
    program.configure({"models": {"providers": {"actor": {"models": models}}}})
    terminal = Terminal(program, "--provider", "actor", ACTOR_KEY=KEY)
    for question in ("Where [north]:", "Stage:", "Variable with the key [ACTOR_KEY]:"):
        terminal.answer(question, "")
    terminal.child.expect_exact("more; a part of a name shows those that have it")
    for text in typed:
        terminal.answer("Model: a number or an id [1]:", text)
    terminal.answer("Write it? [Y/n]:", "n")
    terminal.end()
    assert f"actor/{chosen} answers in" in terminal.shown


def test_a_key_that_is_typed_is_neither_shown_nor_stored(program):
    terminal = Terminal(program, "--provider", "actor", "--region", "x")
    terminal.answer("Stage:", "")
    terminal.answer("Variable with the key [ACTOR_KEY]:", KEY)
    terminal.answer("Variable with the key [ACTOR_KEY]:", "")
    terminal.answer("Key (hidden, empty to continue):", KEY)
    terminal.answer("Model: a number or an id [1]:", "found")
    terminal.answer("Write it? [Y/n]:", "")
    assert terminal.end() == 0
    assert "actor/found answers in" in terminal.shown
    assert "export ACTOR_KEY=..." in terminal.shown
    assert terminal.shown.count(KEY) == 1  # the echo of what was typed at the wrong question
    for path in program.folder.rglob("*"):
        assert not path.is_file() or KEY not in path.read_text(errors="replace")


def test_no_at_the_end_writes_nothing(program):
    terminal = Terminal(program, "--provider", "actor", "--model", "found", ACTOR_KEY=KEY)
    for question in ("Where", "Stage", "Variable"):
        terminal.answer(question, "")
    terminal.answer("Write it?", "n")
    assert terminal.end() == 1
    assert written(program) is None


def test_a_failed_test_may_be_overruled(program):
    terminal = Terminal(program, "--provider", "actor", "--model", "refuses", ACTOR_KEY=KEY)
    for question in ("Where", "Stage", "Variable"):
        terminal.answer(question, "")
    terminal.answer("The test failed. Write it anyway? [y/N]:", "y")
    terminal.answer("Write it?", "y")
    assert terminal.end() == 0
    assert "The key was refused" in terminal.shown
    assert written(program)["agents"]["defaults"]["model"]["primary"] == "actor/refuses"


@pytest.mark.parametrize("question", ["Number:", "Where"])
def test_ctrl_c_at_a_question_ends_it_and_writes_nothing(program, question):
    arguments = () if question == "Number:" else ("--provider", "actor")
    terminal = Terminal(program, *arguments)
    terminal.control(question, "c")
    assert terminal.end() == 130
    assert "Traceback" not in terminal.shown
    assert written(program) is None


def test_ctrl_c_while_it_is_tried_ends_it_and_writes_nothing(program):
    command = ("setup", *YES, "--model", "stuck", "--timeout", "500")
    process = program.start(*command, environ={"ACTOR_KEY": KEY}, stdout=-1, stderr=-1)
    try:
        program.wait_for_asked("stuck")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert written(program) is None


def test_the_guides_are_imported_by_setup_alone(program):
    code = (
        "import sys; from modelwire.registry import Registry; from modelwire.config import Config;"
        "names = [c.name for c in Registry(Config.empty()).guides()];"
        "assert 'a-stage' in names; print('actor_guide_plugin' in sys.modules)"
    )
    program.command = [program.command[0].replace("modelwire", "python")]
    assert program.run("-c", code).stdout == b"False\n"
