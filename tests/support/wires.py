"""The three wire protocols behind one face: a server, and a runtime that asks it.

Each wire says the same: three pieces of text, then one tool call in three pieces, then how it stopped
and what it cost. `at` names the places between the events, where something can go wrong.
"""

import socket
from collections.abc import Mapping
from typing import Any

from attrs import define, field
from sse_server import Play, SseServer, chat_frames, responses_frames

from modelwire import Runtime
from modelwire.transport import RetryPolicy
from modelwire_bedrock.emulator import CREDENTIALS, Emulator, Fault, Text, ToolUse

TEXTS = ("alpha ", "beta ", "gamma ")
ARGUMENTS = {"city": "Rome", "n": 12}
PIECES = ('{"city": "R', 'ome", "n": ', "12}")

STAGES = (
    "before first event",
    "mid-text",
    "mid-tool-arguments",
    "before stop",
    "before usage",
    "after the last event",
)

SAID = {"before first event": "", "mid-text": "alpha beta "}
"""The text that was sent before a fault; from then on, all of it."""


@define
class Wire:
    """One wire protocol.

    Attributes:
        api: Its name.
        at: How many events come before each stage; a stage that it does not have is left out.
        server: The server, once it runs.
    """

    api: str
    at: Mapping[str, int]
    server: Any = field(default=None, repr=False)
    _port: int = 0

    @property
    def ref(self) -> str:
        if self.api == "bedrock-converse-stream":
            return "amazon-bedrock/us.amazon.nova-lite-v1:0"
        return "acme/some-model"

    @property
    def url(self) -> str:
        return self.server.url

    def __str__(self) -> str:
        return self.api

    def start(self) -> Any:
        """Make the server, to be entered."""
        if self.api == "bedrock-converse-stream":
            # Always at the same address, since boto3 takes long to make a client for another one.
            self._port = self._port or _free_port()
            self.server = Emulator(port=self._port)
        else:
            self.server = SseServer()
        return self.server

    def answers(self, *faults: Fault | None) -> None:
        """Say what goes wrong with each of the next requests; with all after them, nothing."""
        if isinstance(self.server, Emulator):
            self.server.reset()
            blocks = [Text("".join(TEXTS), pieces=TEXTS), ToolUse("lookup", ARGUMENTS, pieces=3)]
            for fault in faults:
                self.server.answer(blocks, fault=fault)
            self.server.answer(blocks, times=None)
        else:
            frames = (chat_frames if self.api == "openai-completions" else responses_frames)(
                TEXTS, PIECES
            )
            self.server.requests.clear()
            self.server.plays = [Play(frames, fault) for fault in (*faults, None)]

    def ends(self) -> list[str | None]:
        """How each request ended, as the server saw it."""
        return [request.end for request in self.server.requests]

    def runtime(
        self, cache: Any, *, url: str | None = None, attempts: int = 1, **options: Any
    ) -> Runtime:
        """A runtime that has nothing but this provider."""
        return Runtime.from_config(
            {"models": {"providers": {self.ref.partition("/")[0]: self.provider(url)}}},
            environ={"HOME": str(cache), "AWS_EC2_METADATA_DISABLED": "true"},
            retries=RetryPolicy(max_attempts=attempts, base=0.0),
            cache_directory=cache,
            **options,
        )

    def provider(self, url: str | None = None) -> dict[str, Any]:
        """The provider's configuration."""
        settings: dict[str, Any] = {"baseUrl": url or self.url, "api": self.api}
        if self.api == "bedrock-converse-stream":
            keys = {
                "accessKeyId": CREDENTIALS.access_key_id,
                "secretAccessKey": CREDENTIALS.secret_access_key,
            }
            return {**settings, "region": "us-east-1", **keys}
        return {**settings, "apiKey": "sk-test"}


def _free_port() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])


def _places(*numbers: int | None) -> dict[str, int]:
    return {
        stage: number for stage, number in zip(STAGES, numbers, strict=True) if number is not None
    }


WIRES = (
    # messageStart, 3 deltas, stop | start, 3 deltas, stop | messageStop | metadata |
    Wire("bedrock-converse-stream", _places(0, 3, 7, 10, 11, 12)),
    # role, 3 deltas | start, 3 deltas | finish_reason | usage | [DONE]
    Wire("openai-completions", _places(0, 3, 6, 8, 9, 11)),
    # created, added, 3 deltas, done | added, 3 deltas, done | completed, which has the usage too
    Wire("openai-responses", _places(0, 4, 8, 11, None, 12)),
)
