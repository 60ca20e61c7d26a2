"""No service and no client controls a terminal, whatever they send: all APIs, and the plugins' commands.

A service answers with hostile text wherever it can: in header fields, in errors, in events. The
commands run in a real terminal.
"""

import http.client
import json
import os
import sys
from pathlib import Path

import pytest
from direct_output import direct_output
from each_wire import EACH_WIRE
from hostile_server import WAYS, HostileServer
from hostile_text import HOSTILE, HOSTILE_FIELD, SPINNER, obeyed, shapes
from terminal import CTRL_C, CTRL_D, Terminal
from wires import WIRES

pytestmark = pytest.mark.timeout(240)

MODELWIRE = str(Path(sys.executable).with_name("modelwire"))
ROOT = Path(__file__).resolve().parents[1]


def provider(wire, url):
    return {"api": wire.api, "baseUrl": url, "models": ["some-model"], **wire.credentials("a")}


class Home:
    """A home of its own, and the program in a terminal there."""

    def __init__(self, folder):
        self.folder = folder
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "MODELWIRE_CONFIG": str(folder / "modelwire.json5"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "TERM": "xterm",
        }

    def configure(self, document):
        (self.folder / "modelwire.json5").write_text(json.dumps(document))

    def terminal(self, *arguments):
        command = [MODELWIRE, *arguments]
        return Terminal(command, columns=120, cwd=self.folder, env=self.environ)

    def shown(self, *arguments):
        """What a command writes to the terminal, to its end."""
        terminal = self.terminal(*arguments)
        terminal.ended()
        return terminal.raw


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def is_shown(raw):
    return b"x1b]52" in raw or b"u001b]52" in raw


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("way", WAYS)
def test_no_answer_of_a_service_controls_the_terminal(home, wire, way):
    with HostileServer(wire, way) as server:
        home.configure({"models": {"providers": {"p": provider(wire, server.url)}}})
        options = ("--timeout", "20", "--verbose", "--debug")
        raw = home.shown("complete", "-m", "p/some-model", *options, "hi")
        assert any("POST" in head for head in server.requests)
    assert obeyed(raw) == []
    assert is_shown(raw)


@pytest.mark.parametrize("wire", EACH_WIRE)
def test_nor_does_it_in_a_chat_or_a_list_of_models(home, wire):
    with HostileServer(wire, "refused") as server:
        settings = provider(wire, server.url)
        del settings["models"]
        home.configure({"models": {"providers": {"p": settings}}})
        for arguments in (
            ("models", "refresh", "--provider", "p"),
            ("models", "list", "--refresh"),
            ("models", "status", "--probe"),
            ("doctor", "--timeout", "20"),
        ):
            assert obeyed(home.shown(*arguments)) == []
        terminal = home.terminal("chat", "-m", "p/some-model", "hi")
        terminal.ready()
        terminal.press(CTRL_D)
        terminal.ended()
    assert is_shown(terminal.raw)
    seen = shapes(terminal.raw)
    idle = home.terminal("chat", "-m", "p/some-model")
    idle.ready()
    idle.press("w" * 150)  # wraps, which moves the cursor between lines
    idle.until(lambda text: text.count("w") >= 150)
    idle.press(CTRL_C)
    idle.ready(2)
    idle.press(CTRL_D)
    idle.ended()
    assert {one for one in seen - SPINNER - shapes(idle.raw) if obeyed(one.encode())} == set()


def test_no_client_of_the_emulator_controls_its_terminal(home):
    terminal = home.terminal("bedrock", "emulate", "--port", "0")
    text = terminal.until(lambda text: "AWS_SECRET_ACCESS_KEY=" in text)
    port = int(text.partition("AWS_ENDPOINT_URL_BEDROCK=http://127.0.0.1:")[2].split()[0])
    body = json.dumps({"messages": [{"role": HOSTILE, "content": [{"text": HOSTILE}]}]})
    model = "%1b%5d52;c;ZXZpbA==%07%c2%9b2J%e2%80%ae"
    requests = [
        ("POST", f"/model/{model}/converse", body, {}),
        ("POST", "/model/us.amazon.nova-lite-v1:0/converse", body, {}),
        ("GET", f"/{model}?{model}", None, {}),
        ("POST", "/model/x/converse", "{" + HOSTILE, {"authorization": f"AWS4 {model}"}),
        ("GET", "/", None, {"x-bedrock-emulator-fault": model, "host": f"{model}.example"}),
    ]
    for method, path, data, headers in requests:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, path, data and data.encode(), headers)
        connection.getresponse().read()
        connection.close()
    for raw in (b"GET /\x1b[2J HTTP/1.1", b"\x1b]0;evil\x07 / HTTP/1.1", b"GET / \xc2\x9b2J"):
        _send(port, raw + b"\r\nHost: localhost\r\n\r\n")
    _send(port, b"GET /a HTTP/1.1\r\nHost: " + HOSTILE_FIELD + b"\r\n\r\n")
    _send(port, b"GET /a HTTP/1.1\r\nHost: localhost\r\nA: " + HOSTILE_FIELD + b"\r\n\r\n")
    terminal.until(lambda text: text.count("->") >= len(requests))
    terminal.press(CTRL_C)
    assert terminal.ended() == 0
    assert obeyed(terminal.raw) == []
    assert is_shown(terminal.raw)
    assert b"Traceback" not in terminal.raw


def _send(port, data):
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=30) as plug:
        plug.sendall(data)
        plug.shutdown(socket.SHUT_WR)
        while plug.recv(65536):
            pass


@pytest.mark.parametrize(
    "arguments",
    [
        ("bedrock", "emulate", "--port", HOSTILE),
        ("bedrock", "emulate", "--host", HOSTILE),
        ("bedrock", "emulate", "--scenario", HOSTILE),
        ("bedrock", "emulate", "--replay", HOSTILE),
        ("bedrock", "emulate", "--scenario", "scenario.json5"),
        ("bedrock", "emulate", "--upstream", HOSTILE),
        ("bedrock", "emulate", "--model", HOSTILE),
        ("bedrock", HOSTILE),
        ("local", HOSTILE),
        ("recordings", "prune", "--older-than", HOSTILE),
        ("recordings", "list", "--config", HOSTILE),
    ],
    ids=" ".join,
)
def test_no_option_of_a_plugin_s_command_controls_the_terminal(home, arguments):
    home.configure({})
    (home.folder / "scenario.json5").write_text(json.dumps({"steps": [{"fault": HOSTILE}]}))
    raw = home.shown(*arguments)
    assert obeyed(raw) == []
    assert is_shown(raw)


def test_no_recording_controls_the_terminal(home):
    # An API in which an unknown stop reason is no error, so that the answer is recorded whole.
    wire = next(wire for wire in WIRES if wire.api == "openai-completions")
    with HostileServer(wire, "an unknown end") as server:
        home.configure(
            {
                "models": {"providers": {"p": provider(wire, server.url)}},
                "plugins": {"entries": {"recordings": {"config": {"mode": "record"}}}},
            }
        )
        home.shown("complete", "-m", "p/some-model", HOSTILE)
    for arguments in (
        ("list",),
        ("list", "--json"),
        ("show", "1.json"),
        ("show", "1.json", "--json"),
    ):
        raw = home.shown("recordings", *arguments)
        assert obeyed(raw) == []
        assert is_shown(raw)


def test_no_file_of_the_embedded_model_controls_the_terminal(home):
    home.environ["MODELWIRE_CACHE_DIR"] = HOSTILE
    for arguments in (("local", "status"), ("local", "status", "--json")):
        assert obeyed(home.shown(*arguments)) == []


def test_no_plugin_prints_by_itself():
    files = [*ROOT.glob("plugins/*/src/**/*.py")]
    assert len(files) > 150
    assert [place for path in sorted(files) for place in direct_output(path)] == []
