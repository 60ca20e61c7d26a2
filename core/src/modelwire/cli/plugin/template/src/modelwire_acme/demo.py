"""A demo server: it speaks the protocol, and repeats what it hears."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from modelwire_acme.account import BASE_URL

__all__ = ["serve"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """List the one model."""
        if self._admitted():
            model = {"id": "echo", "name": "Echo", "context_window": 8000}
            self._answer(200, {"models": [model]})

    def do_POST(self) -> None:
        """Say again what the last message says, word by word."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if not self._admitted():
            return
        prompt = body["messages"][-1]["content"].split()
        answer = prompt[: body.get("max_tokens")]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for position, word in enumerate(answer):
            self._event(type="text", index=0, text=word if position == 0 else f" {word}")
        reason = "stop" if len(answer) == len(prompt) else "length"
        self._event(type="end", reason=reason, usage={"input": len(prompt), "output": len(answer)})

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _admitted(self) -> bool:
        if self.headers.get("Authorization", "").startswith("Bearer "):
            return True
        self._answer(401, {"error": {"message": "A key is needed."}})
        return False

    def _answer(self, status: int, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _event(self, **data: Any) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())


def serve(port: int) -> None:
    """Serve on this machine until the program is interrupted."""
    with ThreadingHTTPServer(("127.0.0.1", port), _Handler) as server:
        sys.stdout.write(f"Listening on http://127.0.0.1:{server.server_port}/v1\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    try:
        serve(int(sys.argv[1]) if len(sys.argv) > 1 else urlsplit(BASE_URL).port or 0)
    except KeyboardInterrupt:
        sys.exit(130)
