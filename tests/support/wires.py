"""The table of wires: what the tests of reliability need to know of each wire protocol.

A test names no protocol itself. It takes its parameters from `WIRES`, so that a new wire is in all of
them by one row; `tests/reliability/test_every_wire.py` fails where a plugin's API has no row.

Each wire says the same: three pieces of text, then one tool call in three pieces, then how it stopped
and what it cost. `at` names the places between the events, where something can go wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from anthropic_answers import (
    messages_beginning,
    messages_end,
    messages_failure,
    messages_frames,
)
from attrs import Factory, define, evolve, field
from bedrock_answers import converse_beginning, converse_end, converse_frames
from free_ports import free_port
from openai_answers import (
    chat_beginning,
    chat_end,
    chat_frames,
    responses_beginning,
    responses_end,
    responses_frames,
)
from sse_server import Play, SseServer

from modelwire import Runtime, testing
from modelwire.authoring import JsonEvent, StreamEnd, Translator, parse_json
from modelwire.transport import RetryPolicy, SseDecoder
from modelwire_anthropic.messages.stream import Translator as MessagesTranslator
from modelwire_anthropic.testing import MessagesWire
from modelwire_bedrock.aws.eventstream import FrameDecoder
from modelwire_bedrock.converse.stream import Translator as ConverseTranslator
from modelwire_bedrock.emulator import CREDENTIALS, Emulator, Fault, Text, ToolUse
from modelwire_bedrock.testing import ConverseStreamWire
from modelwire_openai.compat import Compat
from modelwire_openai.completions.stream import Translator as ChatTranslator
from modelwire_openai.responses.stream import Translator as ResponsesTranslator
from modelwire_openai.testing import ChatCompletionsWire, ResponsesWire

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

KEY = "sk-some-key-0123456789"


def read_events(parts: Iterable[bytes]) -> Iterator[list[JsonEvent | StreamEnd]]:
    """The events of a body of server-sent events, as they arrive; what is no JSON is left out."""
    decoder = SseDecoder()
    for part in (*parts, None):
        for event in decoder.end() if part is None else decoder.feed(part):
            try:
                payload = parse_json(event.data)
            except ValueError:
                continue
            if isinstance(payload, dict):
                yield [JsonEvent(event.event, payload)]
    yield [StreamEnd()]


def read_frames(parts: Iterable[bytes]) -> Iterator[Iterable[Any]]:
    """The frames of a body of an event stream, as they arrive."""
    decoder = FrameDecoder()
    for part in parts:
        yield decoder.feed(part)
    decoder.end()


def _failure(code: str | None) -> dict[str, Any]:
    return {"error": {"message": "It failed.", "code": code}}


@define
class Wire:
    """One wire protocol.

    Attributes:
        api: Its name.
        kit: The protocol as the conformance kit writes it.
        at: How many events come before each stage; a stage that it does not have is left out.
        frames: The bytes of the events of an answer, with a text and a call in these pieces.
        beginning: The beginning of an answer: a text as the id and the model, and what is said.
        end: The end of an answer, with a text as the reason.
        translator: Makes a translator of one answer.
        read: What a translator is fed, out of the bytes of a body.
        refusals: The service's codes of refusals, by what is refused.
        failures: The service's codes of failures in the stream, likewise.
        failure: The JSON data of a failure with a code.
        ref: The model that is called.
        other_ref: Another model of the same provider.
        name: The row's name: that of the API, where no other row has it.
        aws: Whether it is a service of AWS, with its credentials, and the emulator serves it.
        signed: Whether it is called with credentials of AWS, at a server like the API's own.
        names_answers: Whether an answer has an id and names its model.
        stale_credentials: How often they must be refused until that is reported.
        lists: How many lists of models are fetched side by side.
        server: The server, once it runs.
    """

    api: str
    kit: testing.Wire
    at: Mapping[str, int]
    frames: Callable[[Sequence[str], Sequence[str]], list[bytes]]
    beginning: Callable[[str, str], bytes]
    end: Callable[[str], bytes]
    translator: Callable[[], Translator[Any]]
    refusals: Mapping[str, str]
    failures: Mapping[str, str]
    read: Callable[[Iterable[bytes]], Iterator[Iterable[Any]]] = read_events
    failure: Callable[[str | None], dict[str, Any]] = _failure
    ref: str = "acme/some-model"
    other_ref: str = "acme/other-model"
    name: str = field(default=Factory(lambda wire: wire.api, takes_self=True))
    aws: bool = False
    signed: bool = False
    names_answers: bool = True
    stale_credentials: int = 1
    lists: int = 1
    server: Any = field(default=None, repr=False)
    _port: int = 0

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def stream_type(self) -> str:
        """The `Content-Type` of a stream."""
        return self.kit.content_type

    def __str__(self) -> str:
        return self.name

    def start(self) -> Any:
        """Make the server, to be entered."""
        if self.aws:
            # At the same address if possible, since boto3 takes long to make a client for another one.
            self._port = free_port(self._port)
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
            frames = self.frames(TEXTS, PIECES)
            self.server.requests.clear()
            self.server.plays = [self.play(frames, fault) for fault in (*faults, None)]

    def play(self, frames: Sequence[bytes], fault: Fault | None, pace: float = 0.0) -> Play:
        """What a server of server-sent events does with one request."""
        return Play(frames, fault, pace, self.failure)

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
        return {"api": self.api, "baseUrl": url or self.url, **self.credentials()}

    def credentials(self, mark: str | None = None) -> dict[str, Any]:
        """The part of the configuration that says who asks.

        Args:
            mark: What all secrets in it have to hold; by default they are those that the server knows.
        """
        if not (self.aws or self.signed):
            return {"apiKey": KEY if mark is None else f"{mark}-api/key+0123456789="}
        if mark is None:
            pair = CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key
            token = {}
        else:
            pair = "AKIAIOSFODNN7EXAMPLE", f"{mark}-secret-access-key-0123456789abcdef"
            token = {"sessionToken": f"{mark}-session/token+0123456789=="}
        keys = {"accessKeyId": pair[0], "secretAccessKey": pair[1], **token}
        return {"region": "us-east-1", **keys}


def _places(*numbers: int | None) -> dict[str, int]:
    return {
        stage: number for stage, number in zip(STAGES, numbers, strict=True) if number is not None
    }


_OPENAI = {
    "refusals": {
        "throttled": "rate_limit_exceeded",
        "internal": "server_error",
        "unavailable": "overloaded_error",
        "model not ready": "unavailable_error",
        "model timed out": "timeout",
        "no permission": "permission_denied",
        "stale credentials": "invalid_api_key",
        "not valid": "invalid_request_error",
    },
    "failures": {
        "throttled": "rate_limit_exceeded",
        "internal": "server_error",
        "unavailable": "overloaded_error",
        "not valid": "invalid_prompt",
    },
}

_OWN = (
    Wire(
        "bedrock-converse-stream",
        ConverseStreamWire(),
        # messageStart, 3 deltas, stop | start, 3 deltas, stop | messageStop | metadata |
        _places(0, 3, 7, 10, 11, 12),
        frames=converse_frames,
        beginning=converse_beginning,
        end=converse_end,
        translator=lambda: ConverseTranslator({}),
        read=read_frames,
        refusals={
            "throttled": "ThrottlingException",
            "internal": "InternalServerException",
            "unavailable": "ServiceUnavailableException",
            "model not ready": "ModelNotReadyException",
            "model timed out": "ModelTimeoutException",
            "model failed": "ModelErrorException",
            "no permission": "AccessDeniedException",
            "stale credentials": "ExpiredTokenException",
            "not valid": "ValidationException",
        },
        failures={
            "throttled": "throttlingException",
            "internal": "internalServerException",
            "unavailable": "serviceUnavailableException",
            "model failed": "modelStreamErrorException",
            "not valid": "validationException",
        },
        ref="amazon-bedrock/us.amazon.nova-lite-v1:0",
        other_ref="amazon-bedrock/us.amazon.nova-pro-v1:0",
        aws=True,
        names_answers=False,
        stale_credentials=2,
        lists=3,
    ),
    Wire(
        "openai-completions",
        ChatCompletionsWire(),
        # role, 3 deltas | start, 3 deltas | finish_reason | usage | [DONE]
        _places(0, 3, 6, 8, 9, 11),
        frames=chat_frames,
        beginning=chat_beginning,
        end=chat_end,
        translator=lambda: ChatTranslator("m", Compat(), {}),
        **_OPENAI,
    ),
    Wire(
        "openai-responses",
        ResponsesWire(),
        # created, added, 3 deltas, done | added, 3 deltas, done | completed, which has the usage too
        _places(0, 4, 8, 11, None, 12),
        frames=responses_frames,
        beginning=responses_beginning,
        end=responses_end,
        translator=lambda: ResponsesTranslator({}),
        **_OPENAI,
    ),
    Wire(
        "anthropic-messages",
        MessagesWire(),
        # message_start, start, 3 deltas, stop | start, 3 deltas, stop | message_delta, which has the
        # usage too, message_stop
        _places(0, 4, 8, 11, None, 13),
        frames=messages_frames,
        beginning=messages_beginning,
        end=messages_end,
        translator=lambda: MessagesTranslator({}),
        failure=messages_failure,
        refusals={
            "throttled": "rate_limit_error",
            "internal": "api_error",
            "unavailable": "overloaded_error",
            "model not ready": "overloaded_error",
            "model timed out": "timeout_error",
            "no permission": "permission_error",
            "stale credentials": "authentication_error",
            "not valid": "invalid_request_error",
        },
        failures={
            "throttled": "rate_limit_error",
            "internal": "api_error",
            "unavailable": "overloaded_error",
            "not valid": "invalid_request_error",
        },
    ),
)

_THROUGH_BEDROCK = {
    "openai-completions": ("openai.gpt-oss-20b-1:0", "openai.gpt-oss-120b-1:0"),
    "openai-responses": ("openai.gpt-5.6-luna", "openai.gpt-5.6-terra"),
    "anthropic-messages": ("us.anthropic.claude-opus-5", "us.anthropic.claude-sonnet-5"),
}
"""The same APIs at Amazon Bedrock, whose plugin calls them through the plugins that speak them."""

WIRES = (
    *_OWN,
    *(
        evolve(
            wire,
            name=f"bedrock-{wire.api}",
            ref=f"amazon-bedrock/{_THROUGH_BEDROCK[wire.api][0]}",
            other_ref=f"amazon-bedrock/{_THROUGH_BEDROCK[wire.api][1]}",
            signed=True,
        )
        for wire in _OWN
        if wire.api in _THROUGH_BEDROCK
    ),
)

WITHOUT_A_WIRE = frozenset({"local-completions", "ollama"})
"""APIs without a wire of their own: spoken within the process, or another name of one that is here."""
