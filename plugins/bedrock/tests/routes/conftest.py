"""A server on loopback that answers requests which are authorized for AWS, and refuses all others."""

import json

import pytest
from signature_check import SignatureCheck

from modelwire.testing import Reply, WireServer

KEY, SECRET = "AKIATESTKEY000000001", "secret/of+the/tests/0123456789abcdefghij"


class Aws:
    """The server, and what it knows of accounts.

    Attributes:
        check: The accounts.
        server: The server; what it is asked in order is answered by its script.
    """

    def __init__(self) -> None:
        self.check = SignatureCheck(keys={KEY: (SECRET, None)})
        self.refused: list[str] = []
        self.server = WireServer(self._refuse)

    @property
    def url(self) -> str:
        """Its address."""
        return self.server.url

    def script(self, *answers: list[bytes]) -> None:
        """Answer the next requests with these streams."""
        kind = {"Content-Type": "text/event-stream"}
        self.server.script(*(Reply(frames, headers=kind) for frames in answers))

    def _refuse(self, request) -> Reply | None:
        url = f"http://{request.headers['host']}{request.target}"
        reason = self.check.refusal(request.method, url, request.headers, request.body)
        if reason is None:
            return None
        self.refused.append(reason)
        kind = {"Content-Type": "application/json", "x-amzn-ErrorType": "InvalidSignatureException"}
        return Reply([json.dumps({"message": reason}).encode()], status=403, headers=kind)


@pytest.fixture
def aws():
    aws = Aws()
    with aws.server:
        yield aws


@pytest.fixture
def environ(tmp_path):
    """A user's environment with static keys and no AWS files."""
    return {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
