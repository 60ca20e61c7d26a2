"""Streams of ConverseStream that break off, break the protocol or fail are typed errors."""

from contextlib import suppress

import pytest
from converse_events import block_stop, delta
from hypothesis import given
from hypothesis import strategies as st

from modelwire.errors import (
    ContextOverflow,
    MalformedResponse,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestTimeout,
    ServerError,
    StreamTruncated,
)
from modelwire_bedrock.aws.eventstream import FrameDecoder
from modelwire_bedrock.converse.stream import Translator
from modelwire_bedrock.error_rules import Symptom
from modelwire_bedrock.errors import ServiceFault


@pytest.mark.parametrize(
    "events",
    [
        [("messageStart", {"role": "user"})],
        [("contentBlockDelta", {"delta": {"text": "no index"}})],
        [("contentBlockDelta", b"{")],
        [("contentBlockDelta", b"")],
        [("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"\xff"}}')],
        [("metadata", b'{"usage":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}")],
        [delta(0, text=7)],
        [delta(0, reasoningContent={"redactedContent": "!"})],
    ],
)
def test_an_event_that_breaks_the_protocol_is_malformed(translate, events):
    with pytest.raises(MalformedResponse):
        translate(*events)


@given(payload=st.binary(max_size=120), kind=st.sampled_from(["contentBlockDelta", "metadata"]))
def test_any_payload_gives_deltas_or_a_typed_error(event, payload, kind):
    (frame,) = FrameDecoder().feed(event(kind, payload))
    with suppress(MalformedResponse):
        Translator().feed([frame], [])


def test_a_stream_without_message_stop_is_truncated(translate):
    metadata = ("metadata", {"usage": {"inputTokens": 1}})
    with pytest.raises(StreamTruncated, match="messageStop"):
        translate(delta(0, text="half"), block_stop(0), metadata, end=True)


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("throttlingException", RateLimited, 429),
        ("ThrottlingException", RateLimited, 429),
        ("serviceUnavailableException", Overloaded, 503),
        ("internalServerException", ServerError, 500),
        ("modelStreamErrorException", ServerError, 424),
        ("modelTimeoutException", RequestTimeout, 408),
        ("aNewException", ServerError, 500),
    ],
)
def test_an_exception_frame_has_the_status_of_the_service_model(
    translate, exception, name, kind, status
):
    with pytest.raises(kind) as caught:
        translate(delta(0, text="so far"), exception(name, {"message": "It failed."}))

    assert caught.value.status == status
    assert caught.value.retryable
    assert "It failed." in str(caught.value)
    assert isinstance(caught.value.__cause__, ServiceFault)
    assert caught.value.__cause__.in_stream


def test_an_exception_frame_is_read_as_an_http_answer_is(translate, exception):
    overflow = exception("validationException", {"message": "Input is too long for this model."})
    with pytest.raises(ContextOverflow) as caught:
        translate(overflow)
    assert caught.value.__cause__.symptom is Symptom.CONTEXT_OVERFLOW


def test_what_the_model_behind_the_service_said_is_reported(translate, exception):
    data = {"message": "Failed.", "originalMessage": "too hot", "originalStatusCode": 400}
    with pytest.raises(ServerError, match=r"Failed\. too hot") as caught:
        translate(exception("modelStreamErrorException", data))
    assert not caught.value.retryable


def test_a_credential_that_an_exception_frame_repeats_is_hidden(exception, frame):
    told = exception("validationException", {"message": "Bad token tok-marked-1234 here."})
    bare = frame([(":message-type", "error"), (":error-message", "Bad tok-marked-1234.")], b"")
    for bytes_of in (told, bare):
        (read,) = FrameDecoder().feed(bytes_of)
        with pytest.raises(ProviderError) as caught:
            Translator({}, lambda: ("tok-marked-1234",)).feed([read], [])
        assert "Bad " in str(caught.value)
        assert "marked" not in f"{caught.value!s}{caught.value.__cause__!r}"


def test_an_error_frame_without_a_model_is_an_error_too(translate, frame):
    headers = [
        (":message-type", "error"),
        (":error-code", "InternalError"),
        (":error-message", "Oh."),
    ]
    with pytest.raises(ProviderError, match="InternalError: Oh"):
        translate(frame(headers))
