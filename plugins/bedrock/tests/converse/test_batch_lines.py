"""Records of batch inference in Converse's shape are rows of a batch."""

from modelwire.batch import parse_row


def test_a_record_is_a_row():
    found = parse_row(
        {
            "recordId": "R1",
            "modelInput": {
                "system": [{"text": "Be brief."}],
                "messages": [{"role": "user", "content": [{"text": "Why?"}]}],
                "inferenceConfig": {"maxTokens": 9},
            },
        },
        1,
    )
    assert (found.custom_id, found.system) == ("R1", "Be brief.")
    assert found.messages[0].content[0].text == "Why?"
    assert found.options["max_tokens"] == 9
    assert "model" not in found.options


def test_a_record_without_an_id_has_the_number_of_its_line():
    body = {"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}
    assert parse_row({"modelInput": body}, 5).custom_id == "5"
