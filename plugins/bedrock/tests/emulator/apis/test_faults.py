"""Faults, through every API: they strike at the same place of the conversation."""

import json
import time

import pytest
import urllib3
from bedrock_apis import call, sent_events, signed

from modelwire_bedrock.emulator import Answer, Emulator, Fault, Match, Pacing

WORDS = Answer("one two three four five six seven eight")


def streamed(emulator, place, headers=()):
    """What came of a stream, and whether it broke."""
    data = json.dumps(place.request(stream=True)).encode()
    fields = signed(place.url(emulator), data, place.service, headers=headers)
    came = b""
    with urllib3.PoolManager() as pool:
        try:
            answer = pool.request(
                "POST",
                place.url(emulator),
                body=data,
                headers=fields,
                retries=False,
                preload_content=False,
            )
            for piece in answer.stream(1):
                came += piece
        except urllib3.exceptions.HTTPError as error:
            return came, error
    return came, None


def finished(data):
    return any(mark in data for mark in (b"[DONE]", b"message_stop", b"response.completed"))


def test_an_answer_without_a_fault_is_finished(strict, place):
    strict.answer(WORDS)
    came, broke = streamed(strict, place)
    assert broke is None
    assert finished(came)
    # The client has the last bytes before the emulator notes that they are sent.
    ends = time.monotonic() + 60
    while strict.requests[-1].end is None and time.monotonic() < ends:
        time.sleep(0.005)
    assert strict.requests[-1].end == "complete"


@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_stream_breaks(strict, place, kind):
    strict.answer(WORDS, fault=Fault(kind, after=3))

    came, broke = streamed(strict, place)

    assert broke is not None
    assert not finished(came)
    if kind == "cut":
        assert b"three" in came
        assert b"seven" not in came


@pytest.mark.parametrize("kind", ["truncate", "no_stop"])
def test_a_stream_ends_without_its_end(strict, place, kind):
    strict.answer(WORDS, fault=Fault(kind, after=3))

    came, broke = streamed(strict, place)

    assert broke is None
    assert not finished(came)


def test_a_flipped_bit_makes_an_event_unreadable(strict, place):
    strict.answer(WORDS, fault=Fault("corrupt", after=2))
    came, broke = streamed(strict, place)
    assert broke is None
    with pytest.raises(ValueError, match="Expecting value"):
        sent_events(came)


def test_an_error_in_mid_stream_has_the_shape_of_the_api(strict, place):
    strict.answer(WORDS, fault=Fault.exception("throttlingException", "Slow down.", after=3))

    came, broke = streamed(strict, place)

    assert broke is None
    assert not finished(came)
    name, last = sent_events(came)[-1]
    if place.path.endswith("/messages"):
        error = {"type": "rate_limit_error", "message": "Slow down."}
        assert (name, last) == ("error", {"type": "error", "error": error})
    elif place.path.endswith("/responses"):
        assert (name, last["type"], last["message"]) == ("error", "error", "Slow down.")
    else:
        assert last["error"]["message"] == "Slow down."


def test_an_error_in_place_of_an_answer(strict, place):
    strict.answer(fault=Fault.error("ThrottlingException", retry_after=7))

    answer = call(strict, place)

    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["type"] == "rate_limit_error"
    assert call(strict, place).status == 200


def test_denied_access_names_the_action_of_the_endpoint(strict, place):
    fault = Fault.error("AccessDeniedException")
    operation = {"completions": "ChatCompletions", "responses": "Responses", "messages": "Messages"}
    strict.answer(fault=fault, when=Match(operation=operation[place.path.rpartition("/")[2]]))

    answer = call(strict, place)

    assert answer.status == 403
    action = "bedrock:InvokeModel"
    if place.endpoint == "mantle":
        action = "bedrock-mantle:CreateInference"
    assert f"is not authorized to perform: {action} because" in answer.json()["error"]["message"]


def test_a_fault_can_be_asked_for_by_header(strict, place):
    more = {"x-bedrock-emulator-fault": "unavailable; times=1"}

    assert call(strict, place, more=more).status == 503
    assert call(strict, place, more=more).status == 200


def test_an_answer_that_is_not_streamed_breaks_too(strict, place):
    strict.answer(WORDS, fault=Fault("truncate"))
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        call(strict, place).json()
    strict.answer(WORDS, fault=Fault("no_stop"))
    body = call(strict, place).json()
    ends = [
        body.get("stop_reason"),
        body.get("status"),
        *(c["finish_reason"] for c in body.get("choices", ())),
    ]
    assert not {"end_turn", "completed", "stop"} & set(ends)


def test_bytes_that_dribble_are_the_same(strict, place):
    strict.answer(WORDS, fault=Fault("dribble", size=7, seconds=0))
    came, broke = streamed(strict, place)
    assert broke is None
    assert finished(came)
    assert len(sent_events(came)) > 3


def test_a_client_that_leaves_is_noticed(place):
    with Emulator(require_auth=True) as emulator:
        emulator.answer(Answer("one two three", pacing=Pacing(between=30)))
        data = json.dumps(place.request(stream=True)).encode()
        fields = signed(place.url(emulator), data, place.service)
        pool = urllib3.PoolManager()
        answer = pool.request(
            "POST", place.url(emulator), body=data, headers=fields, preload_content=False
        )
        next(answer.stream(1))
        answer.close()
        pool.clear()
        assert emulator.requests[-1].wait() == "client_left"
