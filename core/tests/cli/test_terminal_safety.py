"""Nothing that comes from outside controls a terminal, whatever it stands in.

Each field that a command prints is filled with control sequences, and the command runs in a real
terminal.
"""

import json
import re

import pytest
from extensive_tests import partly_extensive
from hostile_text import HOSTILE, HOSTILE_NAME, SPINNER, obeyed, shapes
from terminal import CTRL_D, ENTER, Terminal

BAD = HOSTILE.replace("/", "")
SHORT = "\x1b]52;c;ZXZpbA==\x07\x9b2J\u202e"

# Every text that a plugin hands over is hostile.
RUDE = f"""
    BAD = {BAD!r}

    from modelwire import errors
    from modelwire.events import *
    from modelwire.hookspecs import CredentialStatus, Question, SetupGuide, hookimpl
    from modelwire.messages import StopReason, Usage, UserMessage
    from modelwire.models import Model

    GUIDE = SetupGuide(
        BAD,
        "rude",
        questions=lambda provider, environ: [Question("region", BAD, default=BAD)],
        settings=lambda provider, answers, environ: {{
            ("models", "providers", provider, BAD): answers["region"]
        }},
        models=(BAD,),
    )

    @hookimpl
    def detect_credentials(config, probe):
        state = config.environ.get("RUDE_STATE", "usable")
        return CredentialStatus(
            state, source=BAD, reason=BAD, hint=BAD, identity=BAD, details={{BAD: BAD, "region": BAD}}
        )

    @hookimpl
    async def discover_models(provider, config):
        if config.environ.get("RUDE_LIST") == "fails":
            raise errors.AuthenticationError(BAD, hint=BAD, request_id=BAD)
        return [Model(provider.id, "m" + BAD, name=BAD, input=(BAD,)), Model(provider.id, "fine")]

    @hookimpl
    async def stream_completion(model, context, options):
        kind = model.id.partition("-")[0]
        if kind == "refuses":
            raise errors.RateLimited(
                BAD, provider="rude", model=model.id, request_id=BAD, hint=BAD, retryable=False
            )
        if kind == "breaks":
            raise RuntimeError(BAD)
        yield ResponseInfo(BAD, BAD, BAD)
        yield ThinkingDelta(0, BAD)
        yield BlockEnd(0)
        yield TextDelta(1, BAD)
        yield TextDelta(1, "\\n\\n# " + BAD + "\\n\\n- `" + BAD + "`\\n")
        yield BlockEnd(1)
        if kind == "calls" and isinstance(context.messages[-1], UserMessage):
            yield ToolCallStart(2, BAD, "look")
            yield ArgumentsDelta(2, {json.dumps(json.dumps({"at": SHORT}))})
            yield BlockEnd(2)
        if kind == "cut":
            raise errors.StreamTruncated(BAD)
        yield UsageReport(Usage(1, 2))
        yield Stop(StopReason.TOOL_USE if kind == "calls" and isinstance(context.messages[-1], UserMessage)
                   else StopReason.STOP)
"""

TOOLS = f'''
def look(at: str) -> str:
    """Look. {SHORT.encode("unicode_escape").decode()}"""
    print({SHORT!r})
    return {BAD!r} + at
'''

DOCUMENT = {
    "models": {
        "providers": {
            "rude": {"models": ["refuses", "answers", BAD]},
            f"p{SHORT}": {"baseUrl": f"http://127.0.0.1:9/{SHORT}", "api": BAD, "models": [BAD]},
        },
        BAD: BAD,
    },
    "agents": {
        "defaults": {
            "model": {"primary": "rude/answers", "fallbacks": [f"rude/{BAD}", f"x{SHORT}/{BAD}"]},
            "models": {f"rude/m{BAD}": {"alias": f"a{SHORT}"}},
        },
        "list": [{"id": BAD, "model": f"rude/{BAD}"}],
    },
    "plugins": {"entries": {BAD: {"enabled": True}}},
}


@pytest.fixture
def rude(program, site):
    """The program in a home in which every name is hostile."""
    claims = {
        "providers": {"rude": ""},
        "aliases": {f"r{SHORT}".replace("=", ""): "rude"},
        "setup": {"rude": "modelwire_rude_plugin:GUIDE"},
    }
    site.install("modelwire-rude", claims, RUDE)
    site.install(
        "modelwire-named",
        {
            "commands": {
                "rude-command": "named_plugin:command",
                f"do{SHORT}".replace("=", ""): "named_plugin:command",
            }
        },
        f"""
        import click
        BAD = {BAD!r}

        @click.command(help=BAD)
        @click.option("--name", help=BAD)
        def command(name):
            click.echo(BAD)
            click.secho(BAD, fg="red", err=True)
            print(BAD)
            raise click.ClickException(BAD)
        """,
        module="named_plugin",
    )
    site.install("modelwire-lost", {"providers": {"lost": "no_such_module"}}, f"raise {BAD!r}")
    (program.folder / HOSTILE_NAME[:60]).mkdir()
    program.path = program.folder / HOSTILE_NAME[:60] / "modelwire.json5"
    program.path.write_text(json.dumps(DOCUMENT))
    (program.folder / "tools.py").write_text(TOOLS)
    program.environ |= {"MODELWIRE_CONFIG": str(program.path), "TERM": "xterm"}
    return program


def screen(program, *arguments, columns=100, **environ):
    return Terminal(
        [*program.command, *arguments],
        columns=columns,
        cwd=program.folder,
        env={**program.environ, **environ},
    )


def shown(program, *arguments, **options):
    """What a command writes to a terminal, to its end."""
    terminal = screen(program, *arguments, **options)
    terminal.ended()
    return terminal.raw


COMMANDS = [
    ("--help",),
    (BAD,),
    ("models", BAD),
    ("complete", "--reasoning", BAD, "hi"),
    ("complete", "--temperature", BAD, "hi"),
    ("complete", f"--{BAD}"),
    ("complete", "--config", BAD, "hi"),
    ("complete", "-m", BAD, "hi"),
    ("complete", "-m", f"rude/{BAD}", "hi"),
    ("complete", "-m", "rude/refuses", "hi"),
    ("complete", "-m", "rude/refuses", "hi", "--debug", "--verbose"),
    ("complete", "-m", "rude/breaks", "hi"),
    ("complete", "-m", "rude/breaks", "hi", "--debug"),
    ("complete", "-m", "rude/cut", "hi"),
    ("complete", "-m", "rude/answers", "hi"),
    ("complete", "-m", "rude/calls", "hi"),
    ("complete", "-m", "rude/calls", "hi", "--json"),
    ("complete", "-m", "rude/calls", "hi", "--events"),
    ("complete", "-m", "rude/refuses", "hi", "--json"),
    ("complete", "-m", "rude/refuses", "hi", "--events"),
    ("complete", "-m", "rude/calls", "hi", "--tools", "tools.py", "--yes"),
    ("complete", "-m", "rude/answers", BAD, "--dry-run"),
    ("complete", "-m", "rude/answers", "hi", "--image", BAD),
    ("complete", "-m", "rude/answers", "hi", "--file", BAD),
    ("complete", "-m", "rude/answers", "hi", "--context", BAD),
    ("complete", "-m", "rude/answers", "hi", "--tools", BAD, "--yes"),
    ("models", "list"),
    ("models", "list", "--all", "--refresh"),
    ("models", "list", "--plain"),
    ("models", "list", "--json"),
    ("models", "list", "--provider", BAD),
    ("models", "status"),
    ("models", "status", "--json"),
    ("models", "status", "--plain"),
    ("models", "status", "--probe"),
    ("models", "refresh", "--provider", "rude"),
    ("models", "refresh", "--json"),
    ("models", "refresh", "--provider", BAD),
    ("models", "explain"),
    ("models", "explain", BAD),
    ("models", "explain", f"rude/{BAD}"),
    ("models", "explain", f"rude/{BAD}", "--json"),
    ("models", "set", BAD),
    ("models", "set", f"rude/{BAD}"),
    ("models", "set", f"rude/{BAD}", "--json"),
    ("models", "aliases"),
    ("models", "aliases", "list", "--json"),
    ("models", "aliases", "list", "--plain"),
    ("models", "aliases", "add", BAD, "rude/fine"),
    ("models", "aliases", "add", "a", f"rude/{BAD}"),
    ("models", "aliases", "remove", BAD),
    ("models", "aliases", "remove", f"a{SHORT}"),
    ("models", "fallbacks"),
    ("models", "fallbacks", "list", "--plain"),
    ("models", "fallbacks", "add", f"rude/n{BAD}"),
    ("models", "fallbacks", "remove", BAD),
    ("plugins", "list"),
    ("plugins", "list", "--plain"),
    ("plugins", "list", "--json"),
    ("plugin", "new", BAD),
    ("plugin", "new", "fine", "--dir", BAD),
    ("config", "get"),
    ("config", "get", "--json"),
    ("config", "get", BAD),
    ("config", "get", "agents.list[0].id"),
    ("config", "get", "agents.list[0].id", "--json"),
    ("config", "set", BAD, "1"),
    ("config", "set", "agents.list[0].id", BAD),
    ("config", "set", "agents.list[0].id", BAD, "--dry-run"),
    ("config", "set", "agents.list[0].id", BAD, "--strict-json"),
    ("config", "set", "--batch-json", BAD),
    ("config", "set", "--batch-file", BAD),
    ("config", "set", "agents.defaults.model.primary", BAD),
    ("config", "unset", BAD),
    ("config", "unset", "agents.list[0].id"),
    ("config", "patch", "--file", BAD),
    ("config", "validate"),
    ("config", "validate", "--json"),
    ("config", "file"),
    ("config", "file", "--json"),
    ("doctor", "--timeout", "5"),
    ("doctor", "--json", "--offline"),
    ("setup", "--yes", "--provider", BAD),
    ("setup", "--yes", "--provider", "rude"),
    ("setup", "--yes", "--provider", "rude", "--answer", f"{BAD}=x"),
    ("completion", BAD),
    ("chat", "--resume", BAD),
    ("chat", "--image", BAD, "-m", "rude/answers", "hi"),
    ("chat", "-m", BAD, "hi"),
]


# These say nothing of what is hostile, and so prove nothing: for completeness.
TELLING_NOTHING = {
    ("--help",),
    ("complete", "-m", "rude/breaks", "hi"),
    ("complete", "-m", "rude/answers", BAD, "--dry-run"),
    ("models", "status", "--plain"),
    ("models", "refresh", "--provider", "rude"),
    ("plugins", "list", "--plain"),
    ("config", "get", BAD),
    ("config", "set", BAD, "1"),
    ("config", "set", "--batch-json", BAD),
    ("config", "unset", BAD),
}


def named(arguments):
    return " ".join("BAD" if BAD in word else word for word in arguments)


@pytest.mark.parametrize("arguments", COMMANDS, ids=named)
def test_no_field_of_a_command_controls_the_terminal(rude, arguments):
    raw = shown(rude, *arguments)
    assert obeyed(raw) == []
    assert is_shown(raw) == (arguments not in TELLING_NOTHING)


def is_shown(raw):
    """Whether hostile text arrived, escaped."""
    return b"x1b]52" in raw or b"u001b]52" in raw


STATES = {
    "unusable": {"RUDE_STATE": "unusable"},
    "a list that fails": {"RUDE_LIST": "fails"},
    "a narrow window": {"columns": 20},
    "no colours": {"NO_COLOR": "1"},
    "a terminal that is said to be ASCII": {"PYTHONIOENCODING": "ascii"},
}


@pytest.mark.parametrize(
    "state",
    partly_extensive(STATES, "unusable".__ne__, "it starts each command in another terminal"),
)
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        (BAD,),
        ("models", "status"),
        ("models", "refresh", "--provider", "rude"),
        ("doctor", "--timeout", "5"),
        ("complete", "-m", "rude/refuses", "hi"),
    ],
    ids=named,
)
def test_nor_does_it_in_another_state(rude, state, arguments):
    raw = shown(rude, *arguments, **STATES[state])
    assert obeyed(raw) == []
    silent = {"--help"} if state == "a list that fails" else {"--help", "refresh"}
    assert is_shown(raw) or silent.intersection(arguments)
    if state == "no colours":
        assert not re.search(rb"\x1b\[[0-9;]*m", raw)


@pytest.mark.parametrize(
    "text",
    ["{" + BAD, json.dumps({"models": {"mode": BAD}}), json.dumps({BAD: {"x": 1}}), "[]" + BAD],
)
@pytest.mark.parametrize("arguments", [("config", "validate"), ("models", "list"), ("doctor",)])
def test_a_broken_configuration_file_does_not_control_the_terminal(rude, arguments, text):
    rude.path.write_text(text)
    assert obeyed(shown(rude, *arguments)) == []


def test_the_command_of_a_plugin_does_not_control_the_terminal(rude):
    raw = shown(rude, "rude-command")
    assert obeyed(raw) == []
    assert raw.count(rb"\x1b]52;c;ZXZpbA==") >= 4  # shown, and not obeyed
    raw = shown(rude, "rude-command", "--help")
    assert obeyed(raw) == []
    assert is_shown(raw)
    assert b"rude-command" in shown(rude, "--help")


def test_what_is_written_for_a_shell_does_not_control_the_terminal(rude):
    shown(rude, "models", "refresh")
    words = {"_MODELWIRE_COMPLETE": "bash_complete", "COMP_LINE": "modelwire complete -m rude/"}
    answer = rude.run(**words).stdout
    assert b"rude/answers" in answer
    assert rb"rude/mh\x1b]52" in answer
    assert obeyed(answer) == []


def test_only_what_programs_read_goes_into_a_pipe_as_it_is(rude):
    done = rude.run("config", "get", "agents.list[0].id")
    assert done.stdout.decode() == f"{BAD}\n"
    assert rude.run("config", "file").stdout.decode(errors="surrogateescape") == f"{rude.path}\n"
    said = rude.run("complete", "-m", "rude/answers", "hi")
    assert said.stdout.decode().startswith(BAD)
    refused = rude.run("complete", "-m", "rude/refuses", "hi")
    assert obeyed(refused.stderr) == []
    assert obeyed(rude.run("complete", "-m", "rude/answers", "hi", "--json").stdout) == []


@pytest.mark.parametrize("plain", [[], ["--plain"]], ids=["markdown", "plain"])
def test_no_field_of_a_chat_controls_the_terminal(rude, plain):
    """The sequences that arrive are those of a chat in which nothing is hostile."""
    wrapped = "w" * 150  # as the path below is, where the temporary folder has a long name
    usual = SPINNER | shapes(
        conversation(rude, *plain, model="actor/found", lines=["hi", wrapped, "/cost", "/tools"])
    )
    lines = [
        "hi",
        "/cost",
        "/tools",
        "/model",
        "/system",
        "/save",
        f"/load {rude.folder}/none.json",
    ]
    seen = conversation(
        rude, *plain, "--tools", "tools.py", "--yes", model="rude/calls", lines=lines
    )
    assert shapes(seen) - usual == set()
    refused = conversation(rude, *plain, model="rude/refuses", lines=["hi", "/retry"])
    assert shapes(refused) - usual == set()
    resumed = screen(rude, "chat", "--continue", *plain, "-m", "rude/calls")
    resumed.ready()
    resumed.press(CTRL_D)
    resumed.ended()
    assert shapes(resumed.raw) - usual == set()


def conversation(program, *options, model, lines):
    terminal = screen(program, "chat", "-m", model, *options, ACTOR_KEY="k")
    for number, line in enumerate(lines, 1):
        terminal.ready(number)
        terminal.press(line)
        terminal.until(line[-20:])
        terminal.press(ENTER)
    terminal.ready(len(lines) + 1)
    terminal.press(CTRL_D)
    assert terminal.ended() == 0
    return terminal.raw


def test_the_titles_of_sessions_do_not_control_the_terminal(rude):
    for prompt in (BAD, "\x1b]0;evil\x07"):
        rude.run("chat", "-m", "rude/answers", prompt)
    raw = screen(rude, "chat", "--resume")
    raw.until("Which?")
    usual = SPINNER | shapes(conversation(rude, model="actor/found", lines=["hi"]))
    assert rb"\x1b]0;evil\x07" in raw.raw
    assert shapes(raw.raw) - usual == set()
    raw.close()


def test_a_call_of_a_tool_is_shown_before_it_runs_without_controlling_the_terminal(rude):
    terminal = screen(rude, "complete", "-m", "rude/calls", "hi", "--tools", "tools.py")
    terminal.until("Run it?")
    terminal.press(f"y{ENTER}")
    assert terminal.ended() == 0
    assert obeyed(terminal.raw) == []


def test_a_progress_line_does_not_control_the_terminal(rude, site):
    site.provider(
        "slow",
        """
        import asyncio
        from modelwire.hookspecs import CredentialStatus, hookimpl

        @hookimpl
        def detect_credentials(config):
            return CredentialStatus("usable")

        @hookimpl
        async def discover_models(provider):
            await asyncio.sleep(0.5)
            return []
        """,
    )
    document = {"models": {"providers": {f"s{BAD}": {"api": "slow", "models": []}, "slow": {}}}}
    rude.path.write_text(json.dumps(document))
    raw = shown(rude, "models", "refresh")
    assert b"\x1b[2KQuerying " in raw
    assert obeyed(raw) == []


def test_the_questions_of_the_setup_do_not_control_the_terminal(rude):
    terminal = screen(rude, "setup", columns=200, TERM="dumb")
    terminal.until("Number")
    found = re.search(r"^ +([0-9]+)  h.x1b", terminal.text, re.MULTILINE)
    for answer, following in [
        (found[1], r"\u2029m\re]"),
        ("", "Model: a number"),
        ("1", "The default model is"),
        ("y", "Write it?"),
    ]:
        terminal.press(f"{answer}{ENTER}")
        terminal.until(following)
    terminal.press(f"y{ENTER}")
    terminal.ended()
    assert obeyed(terminal.raw) == []
    assert terminal.text.count(r"\x1b]52") > 6
