"""A stand-in for the metadata service of an EC2 instance, version 2 (IMDSv2), on loopback.

It follows AWS's pages "Use the Instance Metadata Service" and "Retrieve security credentials from
instance metadata": a session token is had with PUT and wanted with every GET.
"""

import json
import secrets
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from attrs import define, field

_TOKEN_PATH = "/latest/api/token"
_ROLES = "/latest/meta-data/iam/security-credentials/"
_LONGEST = 21600


@define
class InstanceMetadata:
    """The service, for an instance with one role; it runs while its context is open.

    Attributes:
        role: The role's name in the instance profile.
        access_key_id: The key that the role is given.
        secret_access_key: Its secret.
        session_token: The token that goes with it.
        minutes: How long they are good.
        seen: What was asked, as `PUT /latest/api/token`.
    """

    role: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    minutes: int = 360
    seen: list[str] = field(factory=list)
    _tokens: set[str] = field(factory=set)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it is, for `AWS_EC2_METADATA_SERVICE_ENDPOINT`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self):
                service.seen.append(f"PUT {self.path}")
                wanted = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
                if self.path != _TOKEN_PATH or not wanted.isdigit():
                    return self._send(400, "")
                if not 1 <= int(wanted) <= _LONGEST:
                    return self._send(400, "")
                token = secrets.token_urlsafe(32)
                service._tokens.add(token)
                return self._send(200, token)

            def do_GET(self):
                service.seen.append(f"GET {self.path}")
                if self.headers.get("X-aws-ec2-metadata-token") not in service._tokens:
                    return self._send(401, "")
                if self.path == _ROLES:
                    return self._send(200, service.role)
                if self.path == _ROLES + service.role:
                    return self._send(200, json.dumps(service._document()))
                return self._send(404, "")

            def _send(self, status, text):
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _document(self):
        now = datetime.now(UTC)
        expires = now + timedelta(minutes=self.minutes)
        return {
            "Code": "Success",
            "LastUpdated": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "Type": "AWS-HMAC",
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "Token": self.session_token,
            "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        }
