"""Requests of message batches are rows of a batch."""

from modelwire.batch import parse_row


def test_a_request_is_a_row():
    params = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 9,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Why?"}],
    }
    found = parse_row({"custom_id": "r1", "params": params}, 1)
    assert (found.custom_id, found.system) == ("r1", "Be brief.")
    assert found.messages[0].content[0].text == "Why?"
    assert found.options["model"] == "claude-sonnet-4-5"
    assert found.options["max_tokens"] == 9
