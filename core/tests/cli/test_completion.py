"""Real shells complete words with the installed program."""

import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

HEAVY = {"aiohttp", "asyncio", "boto3", "rich", "prompt_toolkit", "pluggy", "filelock"}


@pytest.fixture
def program(program):
    program.configure(
        """{
          agents: { defaults: { models: {
            "actor/found": { alias: "best" },
            "actor/us.maker.model-v1:0": { alias: "Bold" },
            "other/*": {},
          } } },
          models: { providers: { acme: { api: "actor-chat", models: [{ id: "Large" }] } } },
        }"""
    )
    return program


def completed(program, line, **environ):
    """What the program offers for a line, as bash asks it."""
    asked = {"_MODELWIRE_COMPLETE": "bash_complete", "COMP_LINE": line, "COMP_BREAKS": ""}
    done = program.run(**{**asked, **environ})
    assert done.stderr == b""
    rows = done.stdout.decode().split()
    return [row.removeprefix("plain,") for row in rows]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("modelwire comple", ["complete", "completion"]),
        ("modelwire models li", ["list"]),
        ("modelwire complete --mod", ["--model"]),
        ("modelwire complete -m be", ["best"]),
        ("modelwire complete -m actor/", ["actor/found", "actor/us.maker.model-v1:0"]),
        ("modelwire complete -m act/f", ["act/found"]),
        ("modelwire complete --model=acme/", ["acme/Large"]),
        ("modelwire complete -m acme/l", []),
        ("modelwire complete -m other", []),
        ("modelwire models explain best", ["best"]),
        ("modelwire models set actor/f", ["actor/found"]),
        ("modelwire models fallbacks add actor/f", ["actor/found"]),
        ("modelwire models aliases add new actor/f", ["actor/found"]),
        ("modelwire models aliases remove b", ["best", "bold"]),
        ("modelwire models list --provider ac", ["acme", "actor"]),
        ("modelwire config get mod", ["models", "models.providers"]),
        ("modelwire config get models.providers.acme.m", None),
        ("modelwire completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_commands_options_models_aliases_and_paths_are_offered(program, line, offered):
    found = completed(program, line)
    if offered is None:
        offered = ["models.providers.acme.models", "models.providers.acme.models[0]"]
    assert found == offered


def test_models_that_were_listed_before_are_offered_without_asking_anybody(program):
    program.configure({})
    assert completed(program, "modelwire complete -m actor/") == []
    program.run("models", "list", ACTOR_KEY="good")
    asked = program.asked.read_text()
    assert completed(program, "modelwire complete -m actor/", ACTOR_KEY="good") == ["actor/found"]
    assert program.asked.read_text() == asked


@pytest.mark.parametrize(
    "line",
    [
        "modelwire complete -m a",
        "modelwire config get m",
        "modelwire models list --provider a",
        "modelwire models aliases remove a",
        'modelwire complete -m "unfinished',
        "modelwire no-such-command x",
        "modelwire cracked ",
        "",
    ],
)
def test_nothing_that_is_broken_shows_in_the_users_line(program, site, line):
    site.install("cracked", {"commands": {"cracked": ""}, "providers": {"cracked": ""}}, "1 / 0")
    program.configure("{ this is no JSON5")
    (program.folder / "cache" / "models").mkdir(parents=True)
    (program.folder / "cache" / "models" / "acme-1.json").write_text('{"models": [{"id": 7}]}')
    asked = {"_MODELWIRE_COMPLETE": "bash_complete", "COMP_LINE": line}
    done = program.run(**asked)
    assert done.stderr == b""
    assert b"Traceback" not in done.stdout


def test_one_list_that_is_damaged_does_not_hide_the_others(program):
    program.run("models", "list", ACTOR_KEY="good")
    (program.folder / "cache" / "models" / "aaa.json").write_text("{")
    program.configure({})
    assert completed(program, "modelwire complete -m actor/") == ["actor/found"]


@pytest.mark.parametrize("instruction", ["bash_nonsense", "tcsh_complete", ""])
def test_a_question_that_no_shell_asks_is_not_answered(program, instruction):
    done = program.run(_MODELWIRE_COMPLETE=instruction)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


@pytest.mark.parametrize("line", ["modelwire comp", "modelwire complete -m a"])
def test_completing_imports_nothing_heavy_and_no_plugin(program, line):
    code = (
        "import sys, atexit, os; atexit.register(lambda: print(*sys.modules, file=sys.__stdout__));"
        "from modelwire.cli import main; main()"
    )
    asked = {"_MODELWIRE_COMPLETE": "bash_complete", "COMP_LINE": line}
    program.command = [sys.executable]
    done = program.run("-c", code, **asked)
    loaded = set(done.stdout.decode().splitlines()[-1].split())
    assert "modelwire.cli.completion" in loaded
    assert not HEAVY & loaded
    assert not {name for name in loaded if name.startswith(("modelwire_", "actor_"))}


class Bash:
    """An interactive bash that has taken the script."""

    def __init__(self, program) -> None:
        path = f"{Path(program.command[0]).parent}:{program.environ['PATH']}"
        self.child = pexpect.spawn(
            shutil.which("bash"),
            ["--norc", "--noprofile", "-i"],
            env={**program.environ, "PATH": path, "PS1": "ready> ", "TERM": "dumb"},
            cwd=program.folder,
            encoding="utf-8",
            timeout=40,
            dimensions=(24, 200),
        )
        self.run("bind 'set enable-bracketed-paste off'")
        self.run('eval "$(modelwire completion bash)"')

    def run(self, line):
        self.child.expect_exact("ready> ")
        self.child.sendline(line)

    def complete(self, typed):
        """Type, press Tab, and return the line that stands there when it is entered."""
        self.child.expect_exact("ready> ")
        self.child.send(f"{typed}\t")
        self.child.expect_exact(typed)
        self.child.expect(r"(\S*) ")
        whole = typed + self.child.match[1]
        self.child.sendintr()
        return whole.split()[-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("modelwire models expl", "explain"),
        ("modelwire complete -m actor/fo", "actor/found"),
        ("modelwire complete -m actor/us", "actor/us.maker.model-v1:0"),
        ("modelwire complete -m actor/us.maker.model-v1:", "actor/us.maker.model-v1:0"),
        (
            "modelwire complete --model=actor/us.maker.model-v1:",
            "--model=actor/us.maker.model-v1:0",
        ),
        ("modelwire complete --model=actor/fo", "--model=actor/found"),
    ],
)
def test_bash_completes_a_word_also_behind_a_colon(program, typed, whole):
    assert Bash(program).complete(typed) == whole


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_one_that_it_can_read(program, shell):
    script = program.run("completion", shell)
    assert script.returncode == 0
    assert b"_MODELWIRE_COMPLETE" in script.stdout
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here to read its script")
    checked = subprocess.run([shell, "-n"], input=script.stdout, capture_output=True, timeout=30)
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_are_answered_in_their_own_form(program, shell):
    asked = {"COMP_WORDS": "modelwire complete -m actor/u", "COMP_CWORD": "3"}
    if shell == "fish":
        asked["COMP_CWORD"] = "actor/u"
    done = program.run(**asked, _MODELWIRE_COMPLETE=f"{shell}_complete")
    form = {
        "zsh": b"plain\nactor/us.maker.model-v1:0\n_\n",
        "fish": b"plain,actor/us.maker.model-v1:0\n",
    }
    assert done.stdout == form[shell]


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("modelwire models expl", ["explain"]),
        ("modelwire complete -m actor/us", ["actor/us.maker.model-v1:0"]),
    ],
)
def test_fish_offers_what_the_program_says(program, typed, offered):
    path = f"{Path(program.command[0]).parent}:{program.environ['PATH']}"
    asked = f"modelwire completion fish | source; complete -C '{typed}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", asked],
        env={**program.environ, "PATH": path},
        cwd=program.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ([line.partition("\t")[0] for line in done.stdout.splitlines()], done.stderr) == (
        offered,
        "",
    )


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("modelwire models expl", "modelwire models explain"),
        ("modelwire complete -m actor/us", "modelwire complete -m actor/us.maker.model-v1:0"),
    ],
)
def test_zsh_completes_a_word(program, typed, whole):
    path = f"{Path(program.command[0]).parent}:{program.environ['PATH']}"
    child = pexpect.spawn(
        shutil.which("zsh"),
        ["--no-rcs", "-i"],
        env={**program.environ, "PATH": path, "PS1": "ready> ", "TERM": "dumb"},
        cwd=program.folder,
        encoding="utf-8",
        timeout=40,
        dimensions=(24, 200),
    )
    for line in (
        "unsetopt zle_bracketed_paste prompt_sp 2>/dev/null; autoload -U compinit; compinit -u",
        'eval "$(modelwire completion zsh)"',
        # What stands in the line after Tab is written to a file, whatever the terminal shows.
        'keep() { zle expand-or-complete; print -r -- "$BUFFER" > kept }; zle -N keep; bindkey "^X" keep',
    ):
        child.expect_exact("ready> ")
        child.sendline(line)
    child.expect_exact("ready> ")
    child.send(f"{typed}\x18")
    kept = program.folder / "kept"
    child.expect_exact(whole.split()[-1])
    child.sendcontrol("c")
    child.close(force=True)
    assert kept.read_text().split() == whole.split()
