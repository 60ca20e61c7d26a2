"""`--verbose` and `--debug`: what they show, that they may stand anywhere, and what stays hidden."""

import asyncio
import json
import threading
from contextlib import contextmanager

import click
import pexpect
import pytest
from aiohttp import web
from click.testing import CliRunner

from modelwire.cli.diagnostics import Diagnostics, diagnostics, with_diagnostics

HTTP = """
    from modelwire.events import Stop, TextDelta
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason
    from modelwire.transport import Request, error_from_status

    @hookimpl
    async def stream_completion(model, provider, transport):
        headers = {"Authorization": "Bearer sk-very-secret", "Content-Type": "text/plain"}
        url = f"{provider.base_url}/answer?api_key=sk-very-secret&page=1"
        request = Request("POST", url, headers, b"x" * 1500)
        async with transport.send(request, provider="web", model=model.id) as response:
            async for piece in response.iter_bytes():
                yield TextDelta(0, piece.decode())
        yield Stop(StopReason.STOP)
"""


@contextmanager
def serving(answer):
    """A web server on this machine; yields its address."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    where = []

    async def start():
        app = web.Application()
        app.router.add_post("/answer", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        where.append(site._server.sockets[0].getsockname()[1])
        ready.set()
        return runner

    def work():
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(30)
    try:
        yield f"http://127.0.0.1:{where[0]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.fixture
def address(program, site):
    async def answer(request):
        return web.Response(text="hello", headers={"Set-Cookie": "id=sk-very-secret", "X-A": "b"})

    site.provider("web", HTTP)
    with serving(answer) as address:
        program.configure({"models": {"providers": {"web": {"baseUrl": address, "models": []}}}})
        yield address


@pytest.mark.parametrize(
    "arguments",
    [
        ["--verbose", "complete", "-m", "web/m", "hi"],
        ["-v", "complete", "-m", "web/m", "hi"],
        ["complete", "--verbose", "-m", "web/m", "hi"],
        ["complete", "-m", "web/m", "hi", "-v"],
    ],
)
def test_verbose_shows_requests_and_responses_on_standard_error(program, address, arguments):
    done = program.run(*arguments)
    assert (done.returncode, done.stdout) == (0, b"hello\n")
    lines = done.stderr.decode().splitlines()
    assert lines[0] == f"[1] POST {address}/answer?api_key=<hidden>&page=1, 1.5 kB"
    assert "[1]   Authorization: <hidden>" in lines
    assert "[1]   Content-Type: text/plain" in lines
    head = next(line for line in lines if "200" in line)
    assert head.startswith("[1] 200 OK after ")
    assert "[1]   X-A: b" in lines
    assert "[1]   Set-Cookie: <hidden>" in lines
    assert lines[-1].startswith("[1] 5 bytes received, after ")
    assert "sk-very-secret" not in done.stderr.decode()


@pytest.mark.usefixtures("address")
def test_on_a_terminal_the_lines_do_not_run_into_the_answer(program):
    child = pexpect.spawn(
        *(program.command[0], ["complete", "-v", "-m", "web/m", "hi"]),
        cwd=program.folder,
        env=program.environ,
        encoding="utf-8",
        timeout=30,
    )
    lines = child.read().splitlines()
    assert "hello" in lines
    assert all(line.startswith("[1] ") for line in lines if line not in {"hello", ""})


@pytest.mark.usefixtures("address")
def test_without_it_nothing_is_shown(program):
    assert program.run("complete", "-m", "web/m", "hi").stderr == b""


def test_verbose_shows_what_could_not_be_reached(program, site):
    site.provider("web", HTTP)
    program.configure(
        {"models": {"providers": {"web": {"baseUrl": "http://127.0.0.1:1", "models": []}}}}
    )
    done = program.run("complete", "-v", "-m", "web/m", "hi")
    assert done.returncode == 1
    assert b"[1] POST http://127.0.0.1:1/answer" in done.stderr
    assert b"[1] failed after " in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--debug", "complete", "-m", "actor/refuses", "hi"],
        ["complete", "--debug", "-m", "actor/refuses", "hi"],
        ["complete", "-m", "actor/refuses", "hi", "--debug", "--events"],
        ["complete", "--debug", "--config", "missing.json5", "hi"],
        ["models", "list", "--debug", "--config", "missing.json5"],
        ["models", "--debug", "list", "--config", "missing.json5"],
    ],
)
def test_debug_shows_the_traceback_wherever_the_option_is(program, arguments):
    done = program.run(*arguments)
    assert done.returncode == 1
    assert b"Traceback (most recent call last)" in done.stderr
    if "--events" in arguments:
        assert json.loads(done.stdout)["type"] == "error"


def test_debug_is_no_option_where_it_is_text(program):
    done = program.run("complete", "-m", "actor/x", "--", "--debug")
    assert (done.returncode, done.stdout) == (0, b"You said: --debug\n")
    assert (
        b"Traceback" not in program.run("complete", "-m", "actor/refuses", "--", "--debug").stderr
    )
    system = program.run("complete", "-m", "actor/x", "--system", "--debug", "hi")
    assert system.stdout == b"--debug said: hi\n"


def test_help_names_them_once_at_the_root(program):
    assert b"--verbose" in program.run("--help").stdout
    assert b"--debug" not in program.run("complete", "--help").stdout


def test_the_command_itself_stays_as_its_owner_made_it():
    @click.group()
    def outer():
        pass

    @outer.command()
    @click.option("--debug", help="Its own.")
    def inner(debug):
        click.echo(f"{debug} {diagnostics().debug}")

    def run(command, *line):
        return CliRunner().invoke(command, line, obj=Diagnostics())

    extended = with_diagnostics(outer)
    assert run(extended, "--debug", "inner", "--debug", "x").output == "x True\n"
    assert run(extended, "inner", "--debug", "x").output == "x False\n"
    assert outer.params == []
    assert [option.opts for option in inner.params] == [["--debug"]]
    assert run(outer, "--debug", "inner").exit_code == 2
