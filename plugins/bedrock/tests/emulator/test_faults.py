"""Every fault, as boto3 sees it."""

import socket
import threading

import pytest
import urllib3
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError

from modelwire_bedrock.emulator import Answer, Emulator, Fault, Match, Pacing, Scenario
from modelwire_bedrock.emulator.faults import FAULT_HEADER

NOVA = "us.amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
SAID = "one two three four five six seven eight"
GOOD = 8  # messageStart, four deltas, contentBlockStop, messageStop, metadata


@pytest.mark.parametrize(
    "name",
    [
        "internalServerException",
        "modelStreamErrorException",
        "serviceUnavailableException",
        "throttlingException",
        "validationException",
    ],
)
@pytest.mark.parametrize("after", [0, 3, 100])
def test_an_exception_frame_ends_the_stream(emulator, runtime, name, after, read_stream):
    emulator.answer(SAID, fault=Fault.exception(name, "as told", after=after))

    events, failure = read_stream(runtime)

    assert isinstance(failure, EventStreamError)
    assert failure.response["Error"] == {"Code": name, "Message": "as told"}
    assert len(events) == min(after, GOOD)


def test_a_reset_is_a_reset(emulator, runtime, read_stream):
    emulator.answer(SAID, fault=Fault("reset", after=3))

    events, failure = read_stream(runtime)

    assert isinstance(failure, urllib3.exceptions.ProtocolError)
    assert isinstance(failure.args[1], ConnectionResetError)
    assert len(events) == 3
    assert emulator.requests[-1].wait() == "broken"


def test_a_cut_connection_leaves_half_a_frame(emulator, runtime, read_stream):
    emulator.answer(SAID, fault=Fault("cut", after=3))

    events, failure = read_stream(runtime)

    assert isinstance(failure, urllib3.exceptions.ProtocolError)
    assert not isinstance(failure.args[-1], ConnectionResetError)
    assert len(events) == 3


def test_a_truncated_body_ends_in_the_middle_of_a_frame_and_boto3_says_nothing(
    emulator, runtime, read_stream
):
    emulator.answer(SAID, fault=Fault("truncate", after=3))

    events, failure = read_stream(runtime)

    assert failure is None
    assert len(events) == 3


@pytest.mark.parametrize("part", ["payload", "prelude", "headers"])
def test_a_corrupt_frame_fails_its_checksum(emulator, runtime, part, read_stream):
    emulator.answer(SAID, fault=Fault("corrupt", after=3, part=part))

    events, failure = read_stream(runtime)

    assert isinstance(failure, ChecksumMismatch)
    assert len(events) == 3


def test_an_end_without_message_stop(emulator, runtime, read_stream, text_of):
    emulator.answer(SAID, fault=Fault("no_stop"))

    events, failure = read_stream(runtime)

    assert failure is None
    assert text_of(events) == SAID
    assert "contentBlockStop" in events[-1]


def test_a_stall_lasts_until_the_client_gives_up_and_the_emulator_sees_it_leave(
    emulator, client_of, read_stream
):
    emulator.answer(SAID, fault=Fault("stall", after=3))
    client = client_of(emulator, config=Config(read_timeout=1.5, retries={"total_max_attempts": 1}))

    events, failure = read_stream(client)

    assert isinstance(failure, urllib3.exceptions.ReadTimeoutError)
    assert len(events) == 3
    assert emulator.requests[-1].wait() == "client_left"


def test_a_stall_may_end(emulator, runtime, read_stream):
    emulator.answer(SAID, fault=Fault("stall", after=3, seconds=0.05))

    events, failure = read_stream(runtime)

    assert failure is None
    assert len(events) == GOOD


def test_a_slow_first_byte(emulator, client_of, read_stream):
    emulator.answer(SAID, fault=Fault("slow_start", seconds=30))
    client = client_of(emulator, config=Config(read_timeout=1.5, retries={"total_max_attempts": 1}))

    events, failure = read_stream(client)

    assert type(failure).__name__ == "ReadTimeoutError"
    assert events == []


def test_dribbled_bytes_make_the_same_events(emulator, runtime, read_stream, text_of):
    emulator.answer(SAID, fault=Fault("dribble", size=7))

    events, failure = read_stream(runtime)

    assert failure is None
    assert text_of(events) == SAID
    assert len(events) == GOOD


def test_no_response_at_all(emulator, runtime, read_stream):
    emulator.answer(SAID, fault=Fault("no_response"))

    _, failure = read_stream(runtime)

    assert isinstance(failure, ConnectionClosedError)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 429),
        ("ModelNotReadyException", 429),
        ("InternalServerException", 500),
        ("ServiceUnavailableException", 503),
        ("ModelTimeoutException", 408),
        ("ModelErrorException", 424),
        ("ExpiredTokenException", 403),
        ("AccessDeniedException", 403),
        ("ResourceNotFoundException", 404),
    ],
)
def test_http_errors_have_the_status_of_their_code(emulator, runtime, code, status, read_stream):
    emulator.answer(fault=Fault.error(code))

    _, failure = read_stream(runtime)

    assert isinstance(failure, ClientError)
    assert failure.response["Error"]["Code"] == code
    assert failure.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert failure.response["ResponseMetadata"]["RequestId"]


def test_throttling_of_the_first_requests_is_retried_by_boto3(emulator, client_of, monkeypatch):
    monkeypatch.setattr("botocore.retryhandler.delay_exponential", lambda *_, **__: 0)
    emulator.answer(fault=Fault.error("ThrottlingException"), times=2)
    emulator.answer("at last")
    client = client_of(emulator, config=Config(retries={"mode": "legacy", "max_attempts": 4}))

    answer = client.converse(modelId=NOVA, messages=HELLO)

    assert answer["output"]["message"]["content"] == [{"text": "at last"}]
    assert [request.status for request in emulator.requests] == [429, 429, 200]


def test_retry_after_is_sent(emulator, runtime, read_stream):
    emulator.answer(fault=Fault.error("ThrottlingException", retry_after=7))

    _, failure = read_stream(runtime)

    assert failure.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"


def test_access_may_be_denied_for_one_operation(emulator, client_of):
    denied = Fault.error("AccessDeniedException")
    emulator.answer(fault=denied, when=Match(operation="ListInferenceProfiles"), times=None)
    control = client_of(emulator, "bedrock")

    with pytest.raises(ClientError) as caught:
        control.list_inference_profiles()

    assert "is not authorized to perform: bedrock:ListInferenceProfiles" in str(caught.value)
    assert control.list_foundation_models()["modelSummaries"]


def test_access_may_be_denied_for_one_model(emulator, runtime, read_stream):
    denied = Fault.error("AccessDeniedException")
    emulator.answer(fault=denied, when=Match(model="amazon.nova-pro-*"), times=None)

    _, failure = read_stream(runtime, modelId="us.amazon.nova-pro-v1:0")
    events, success = read_stream(runtime)

    assert failure.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": "You don't have access to the model with the specified model ID.",
    }
    assert success is None
    assert len(events) > 2


def with_header(client, value):
    def add(request, **_):
        request.headers[FAULT_HEADER] = value

    client.meta.events.register("before-sign.bedrock-runtime", add)
    return client


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("exception; code=throttlingException; after=2", EventStreamError),
        ("reset; after=2", urllib3.exceptions.ProtocolError),
        ("throttling", ClientError),
        ("expired_token", ClientError),
    ],
)
def test_faults_by_header(strict, client_of, header, kind, read_stream):
    client = with_header(client_of(strict), header)

    _, failure = read_stream(client)

    assert isinstance(failure, kind)


def test_a_fault_by_header_may_hold_for_the_first_requests_only(emulator, client_of, read_stream):
    client = with_header(client_of(emulator), "throttling; times=2")

    failures = [read_stream(client)[1] for _ in range(3)]

    assert [type(failure).__name__ for failure in failures] == [
        "ThrottlingException",
        "ThrottlingException",
        "NoneType",
    ]


def test_a_wrong_fault_header_is_reported(emulator, client_of, read_stream):
    _, failure = read_stream(with_header(client_of(emulator), "explode"))

    assert "there is no fault 'explode'" in str(failure)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("reset"), ConnectionClosedError),
        (Fault("no_response"), ConnectionClosedError),
        (Fault.exception("throttlingException"), ClientError),
    ],
)
def test_converse_breaks_as_well(emulator, runtime, fault, kind):
    emulator.answer(SAID, fault=fault)

    with pytest.raises(kind):
        runtime.converse(modelId=NOVA, messages=HELLO)


@pytest.mark.parametrize("kind", ["cut", "truncate", "corrupt"])
def test_a_damaged_converse_body_is_an_answer_without_output_for_boto3(emulator, runtime, kind):
    emulator.answer(SAID, fault=Fault(kind))

    answer = runtime.converse(modelId=NOVA, messages=HELLO)

    assert "output" not in answer


def test_a_client_that_leaves_in_mid_stream_is_seen(emulator, runtime):
    emulator.answer(Answer(SAID, pacing=Pacing(between=30)))
    stream = runtime.converse_stream(modelId=NOVA, messages=HELLO)["stream"]
    next(iter(stream))

    stream.close()

    assert emulator.requests[-1].wait() == "client_left"


def test_stopping_does_not_wait_for_stalled_streams(client_of):
    emulator = Emulator(scenario=Scenario())
    with emulator:
        emulator.answer(SAID, fault=Fault("stall", after=1))
        plug = socket.create_connection((emulator.host, emulator.port))
        body = b'{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}'
        plug.sendall(
            b"POST /model/us.amazon.nova-lite-v1:0/converse-stream HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        assert plug.recv(100).startswith(b"HTTP/1.1 200 OK")
    plug.close()

    assert emulator.requests[-1].end == "broken"
    assert not [t for t in threading.enumerate() if t.name == "bedrock-emulator"]


@pytest.mark.parametrize(
    ("kind", "part", "message"),
    [
        ("hang", "payload", r"^kind 'hang' is none of error, exception, "),
        ("corrupt", "middle", r"^part 'middle' is none of payload, prelude, headers$"),
    ],
)
def test_a_fault_of_an_unknown_kind_or_part_is_refused(kind, part, message):
    with pytest.raises(ValueError, match=message):
        Fault(kind, part=part)
