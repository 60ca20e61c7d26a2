"""Failures in answers with the status 200 are found whatever else the JSON data has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.authoring import reports_failure

FAILURES = [
    ("error", {}),
    ("error", {"delta": "text"}),
    ("message", "out of memory"),
    ("message", {"type": "error"}),
    ("delta", {"object": "error"}),
    ("message", {"error": {"message": "no"}}),
    ("message", {"error": "no", "choices": []}),
    ("message", {"base_resp": {"status_code": 1004}, "choices": []}),
    ("message", {"detail": "no such model"}),
    ("message", {"type": "invalid_request_error", "message": "no"}),
    ("message", [{"index": 0}, {"error": "no"}]),
]
ANSWERS = [
    ("message", {}),
    ("message", None),
    ("message", {"error": None, "choices": []}),
    ("message", {"choices": [{"delta": {"content": "error"}}], "object": "chat.completion.chunk"}),
    ("content_block_delta", {"type": "content_block_delta", "delta": {"text": "error"}}),
    ("response.output_text.delta", {"type": "response.output_text.delta", "delta": "error"}),
    ("message", {"message": {"role": "assistant"}, "done": False}),
    ("message", {"message": "ok", "base_resp": {"status_code": 0}, "data": {}}),
    ("message_start", {"type": "message_start", "message": {"content": []}}),
]
OTHERS = st.dictionaries(
    st.sampled_from(["index", "id", "usage", "delta", "sequence_number", "obfuscation"]),
    st.integers() | st.text(max_size=5),
)


@pytest.mark.parametrize(("name", "data"), FAILURES)
def test_a_failure_is_found(name, data):
    assert reports_failure(name, data)


@pytest.mark.parametrize(("name", "data"), ANSWERS)
def test_an_answer_is_none(name, data):
    assert not reports_failure(name, data)


@given(st.sampled_from(FAILURES + ANSWERS), OTHERS)
def test_members_of_events_make_no_difference(case, others):
    name, data = case
    if isinstance(data, dict):
        assert reports_failure(name, {**others, **data}) == reports_failure(name, data)
