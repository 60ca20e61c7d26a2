import json
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from attrs import define, field

from modelwire.config import Config
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.credentials import detect


@define
class ReceivedRequest:
    """A request as a server saw it."""

    method: str
    path: str
    headers: Message
    body: str


@define
class Server:
    """A real HTTP server on loopback that answers by a function and keeps what it saw."""

    answer: Callable[[ReceivedRequest], tuple[int, object]]
    seen: list[ReceivedRequest] = field(factory=list)
    url: str = ""
    httpd: ThreadingHTTPServer | None = None

    def paths(self):
        return [request.path for request in self.seen]


@pytest.fixture
def serve():
    """Start servers; each is given a function from a request to a status and a body."""
    servers = []

    def start(answer):
        server = Server(answer)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                request = ReceivedRequest(self.command, self.path, self.headers, body)
                server.seen.append(request)
                status, said = server.answer(request)
                payload = said if isinstance(said, bytes) else text(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_PUT = do_POST = do_GET  # noqa: N815 - the names that http.server calls

            def log_message(self, *_):
                pass

        def text(said):
            return said if isinstance(said, str) else json.dumps(said)

        server.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.httpd.daemon_threads = True
        server.httpd.handle_error = lambda *_: None  # clients may leave before the answer
        server.url = f"http://127.0.0.1:{server.httpd.server_port}"
        Thread(target=server.httpd.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.httpd.shutdown()
        server.httpd.server_close()


@pytest.fixture
def configure(tmp_path):
    """Make a configuration whose environment and AWS files are the test's own."""

    def make(environ=None, files="", credentials="", **document):
        folder = tmp_path / ".aws"
        folder.mkdir(exist_ok=True)
        (folder / "config").write_text(files)
        (folder / "credentials").write_text(credentials)
        provider = document.pop("provider", None)
        if provider is not None:
            models = document.setdefault("models", {})
            models.setdefault("providers", {})["amazon-bedrock"] = provider
        own = {"HOME": str(tmp_path), **(environ or {})}
        return Config.from_document(document, environ=own)

    return make


@pytest.fixture
def detected(configure):
    """Detect credentials in an environment and files of the test's own."""

    def run(environ=None, *, probe=False, timeout=10.0, **rest):
        config = configure(environ, **rest)
        provider = config.provider("amazon-bedrock")
        return detect(provider, config, probe=probe, timeout=timeout)

    return run


@pytest.fixture
def target_of(configure):
    """Resolve a target in an environment and files of the test's own."""

    def run(model_id=None, environ=None, base_url=None, params=None, **rest):
        config = configure(environ, **rest)
        provider = config.provider("amazon-bedrock")
        return resolve_target(model_id, base_url, provider, config, params or {})

    return run
