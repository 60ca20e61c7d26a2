"""Lines of the service's batch input are rows of a batch."""

import pytest

from modelwire.batch import parse_row
from modelwire.errors import InvalidRequest


def test_a_chat_completion_is_a_row():
    found = parse_row(
        {
            "custom_id": "request-1",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {
                "model": "gpt-5-mini",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Why?"},
                ],
                "max_tokens": 9,
                "seed": 4,
            },
        },
        1,
    )
    assert (found.custom_id, found.system) == ("request-1", "Be brief.")
    assert found.options["model"] == "gpt-5-mini"
    assert found.options["max_tokens"] == 9
    assert found.options["params"]["seed"] == 4


def test_a_response_is_a_row():
    body = {"model": "gpt-5-mini", "input": "Why?", "instructions": "Be brief."}
    found = parse_row({"custom_id": "1", "url": "/v1/responses", "body": body}, 1)
    assert found.messages[0].content[0].text == "Why?"
    assert found.system == "Be brief."


def test_an_error_names_the_field_of_the_body():
    line = {"url": "/v1/chat/completions", "body": {"model": "m", "messages": 5}}
    with pytest.raises(InvalidRequest, match=r"Line 7: in body, messages"):
        parse_row(line, 7)
