"""What holds for every command, those of the plugins of this project included."""

import itertools
import json
import re
import shlex
import shutil
import sys

import click
import pytest

from modelwire.cli.app import app
from modelwire.cli.command_words import OURS
from modelwire.cli.options import FiniteRange


def commands():
    def below(command, words, parent):
        ctx = click.Context(command, info_name=words[-1], parent=parent)
        yield words, command, ctx
        if isinstance(command, click.Group):
            for name in command.list_commands(ctx):
                yield from below(command.get_command(ctx, name), (*words, name), ctx)

    return list(below(app, ("modelwire",), None))


COMMANDS = commands()


def each(cases):
    return pytest.mark.parametrize(
        ("words", "command", "ctx"), cases, ids=[" ".join(words) for words, _, _ in cases]
    )


@each(COMMANDS)
def test_help_says_what_it_does_and_shows_an_example(words, command, ctx):
    assert command.help
    assert re.search(rf"^  .*{' '.join(words[:2])}", command.get_help(ctx), re.MULTILINE)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@each([case for case in COMMANDS if isinstance(case[1], click.Group)])
def test_a_list_of_commands_has_room_for_what_each_does(words, command, ctx):
    listed = command.get_help(ctx).partition("Commands:")[2]
    assert listed
    assert "..." not in listed


@each(COMMANDS)
def test_every_example_is_a_command_with_options_that_there_are(words, command, ctx):
    known = {words: command for words, command, _ in COMMANDS}
    for line in re.findall(r"^ +(modelwire .*)$", command.help or "", re.MULTILINE):
        called: tuple[str, ...] = ()
        for word in line.split():
            if (*called, word) not in known:
                break
            called = (*called, word)
        found = known[called]
        options = {name for parameter in found.params for name in parameter.opts}
        own = re.split(r" [|#>] | \|\| ", re.sub(r"\"[^\"]*\"|'[^']*'", "", line))[0]
        for option in re.findall(r"(?<= )--?[a-z][a-z-]*", own):
            assert option in options, f"{line!r} has no {option}"


def test_the_same_thing_has_the_same_option_everywhere():
    metavars, letters = {}, {}
    for words, command, ctx in COMMANDS:
        for option in command.params:
            if not isinstance(option, click.Option):
                continue
            long = next(name for name in option.opts if name.startswith("--"))
            kind = "flag" if option.is_flag else option.make_metavar(ctx)
            where = " ".join(words)
            metavars.setdefault(long, {}).setdefault(kind.removesuffix("|-"), []).append(where)
            for short in set(option.opts) - {long}:
                letters.setdefault(short, set()).add(long)
    assert {name: kinds for name, kinds in metavars.items() if len(kinds) > 1} == {}
    # In `complete` it is a request parameter, as in llm; in `batch`, the file that is written.
    assert letters.pop("-o") == {"--option", "--output"}
    assert {letter: names for letter, names in letters.items() if len(names) > 1} == {}


@each([case for case in COMMANDS if any("--config" in p.opts for p in case[1].params)])
def test_a_configuration_can_be_named_wherever_one_is_read(words, command, ctx):
    (option,) = (p for p in command.params if "--config" in p.opts)
    assert option.metavar == "FILE"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["modls"], "No such command 'modls'. Did you mean models?"),
        (["xyzzy"], "No such command 'xyzzy'. To ask a model: modelwire complete xyzzy\n"),
        (["What is it?", "now"], "To ask a model: modelwire complete 'What is it? now'\n"),
        (["onboard"], "No such command 'onboard'. Run: modelwire setup\n"),
        (["status"], "Run: modelwire models status\n"),
        (["keys", "set", "openai"], "Run: modelwire setup\n"),
        (["help"], "Run: modelwire --help\n"),
        (["version"], "Run: modelwire --version\n"),
        (["complete", "--modle", "x"], "Did you mean '--model'?\n"),
        (["complete", "--temperature", "hot", "x"], "'hot' is not a valid number."),
        (["complete", "--max-tokens", "few", "x"], "'few' is not a valid whole number."),
        (["models", "list", "--provider", "actr"], "Did you mean actor or act?"),
    ],
)
def test_a_typo_is_reported_with_what_may_have_been_meant(program, arguments, sentence):
    done = program.run(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr.decode()


def test_ctrl_c_while_the_program_starts_ends_it_without_a_traceback(program):
    code = """
import os, signal, sys
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupts())
from modelwire.cli import main
main()
"""
    program.command = [sys.executable, "-c", code]
    done = program.run("--help")
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_a_state_folder_that_cannot_be_written_is_reported_with_a_way_out(program):
    blocked = program.folder / "file"
    blocked.write_text("no folder")
    options = ("chat", "-m", "actor/found")
    done = program.run(*options, stdin=b"hi\n", ACTOR_KEY="k", MODELWIRE_STATE_DIR=str(blocked))
    assert done.returncode == 1
    assert b"--no-session" in done.stderr
    assert b"Traceback" not in done.stderr


def test_messages_are_broken_between_words_in_a_narrow_terminal(program):
    shown = program.leave("complete", "hi", "-m", "nobody/large", columns=40).rstrip("\n")
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown).split() == shown_in_a_pipe(program).split()
    for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).split("\n"):
        assert len(line) <= 40 or " " not in line


def shown_in_a_pipe(program):
    text = program.run("complete", "hi", "-m", "nobody/large").stderr.decode()
    assert len(text.splitlines()) == 2
    return text


@each(COMMANDS)
def test_a_number_is_never_infinite_or_none(words, command, ctx):
    for parameter in command.params:
        if isinstance(parameter.type, click.FloatRange):
            assert isinstance(parameter.type, FiniteRange), parameter.name


JSON = [
    ("models", "list"),
    ("models", "status"),
    ("models", "set", "actor/found"),
    ("models", "refresh"),
    ("models", "explain", "actor/found"),
    ("models", "aliases", "list"),
    ("models", "aliases", "add", "a", "actor/found"),
    ("models", "aliases", "remove", "a"),
    ("models", "fallbacks", "list"),
    ("models", "fallbacks", "add", "actor/found"),
    ("models", "fallbacks", "remove", "actor/found"),
    ("models", "fallbacks", "clear"),
    ("config", "get", "models"),
    ("config", "set", "models.mode", "merge"),
    ("config", "unset", "models.mode"),
    ("plugins", "list"),
    ("setup", "--yes", "--no-test", "--provider", "openai"),
]


@pytest.mark.parametrize("command", JSON, ids=" ".join)
def test_a_failure_is_json_in_one_form_where_json_was_asked_for(program, command):
    program.configure("{ models: [ }")
    done = program.run(*command, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["ok"] is False
    assert set(told["error"]) == {"type", "kind", "message", "hint", "candidates"}
    assert told["error"]["type"] == "config"
    assert told["issues"][0]["line"] == 1


def test_what_changes_models_tells_programs_where_it_was_written(program):
    shutil.rmtree(program.folder / "home", ignore_errors=True)
    program.configure({})
    path = str(program.folder / "modelwire.json5")
    told = {}
    for command in (
        ("set", "actor/found"),
        ("aliases", "add", "Quick", "actor/found"),
        ("aliases", "add", "quick", "actor/found"),
        ("aliases", "remove", "quick"),
        ("fallbacks", "add", "actor/other"),
        ("fallbacks", "remove", "actor/other"),
        ("fallbacks", "clear"),
    ):
        done = program.run("models", *command, "--json")
        assert done.returncode == 0, done.stderr
        told[command[:3]] = data = json.loads(done.stdout)
        assert data["configPath"] == path
        assert data["created"] is False
        assert done.stderr == b""
    assert told["set", "actor/found"]["changed"] is True
    assert told["aliases", "add", "Quick"]["model"] == "actor/found"
    assert told["aliases", "add", "quick"]["changed"] is False
    assert told["fallbacks", "add", "actor/other"]["fallbacks"] == ["actor/other"]
    assert "No list of models has" in (
        told["fallbacks", "add", "actor/other"]["warning"] or ""
    ) or ("not known whether" in told["fallbacks", "add", "actor/other"]["warning"])
    assert told["fallbacks", "remove", "actor/other"]["fallbacks"] == []
    assert (
        told[
            "fallbacks",
            "clear",
        ]["changed"]
        is False
    )


@pytest.mark.parametrize(
    ("group", "default"),
    [
        (["models"], "status"),
        (["models", "aliases"], "list"),
        (["models", "fallbacks"], "list"),
        (["logs"], "list"),
    ],
)
def test_a_group_alone_takes_the_options_of_its_default_command(program, group, default):
    wanted = program.run(*group, default, "--json")
    assert wanted.returncode == 0
    for arguments in (["--json"], ["--debug", "--json"], ["--json", "--verbose"]):
        done = program.run(*group, *arguments)
        assert (done.returncode, json.loads(done.stdout)) == (0, json.loads(wanted.stdout))
    assert program.run(*group).stdout == program.run(*group, default).stdout
    assert b"Commands:" in program.run(*group, "--help").stdout
    done = program.run(*group, "nonsense")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"No such command 'nonsense'." in done.stderr
    assert b"No such option" in program.run(*group, "--nonsense").stderr


def test_the_version_names_the_program_however_it_was_started(program):
    wanted = program.run("--version").stdout
    assert wanted.startswith(b"modelwire, version ")
    program.command = [sys.executable, "-m", "modelwire"]
    assert program.run("--version").stdout == wanted


def test_the_words_of_other_programs_lead_to_commands_that_there_are(program):
    for said in set(OURS.values()):
        words = shlex.split(said)
        if words[:1] == ["modelwire"] and words[1] != "serve":
            command = list(itertools.takewhile(lambda word: word[0].islower(), words[1:]))
            done = program.run(*command, "--help")
            assert done.returncode == 0, said
