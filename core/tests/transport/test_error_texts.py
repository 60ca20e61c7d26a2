import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.transport import explain_body


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"error": {"message": "No such model", "code": "x"}}, "No such model"),
        ({"error": "No such model"}, "No such model"),
        ({"error": {"error": {"message": "deep"}}}, "deep"),
        ({"message": "Too many tokens"}, "Too many tokens"),
        ({"Message": "User is not authorized"}, "User is not authorized"),
        ({"message": None, "Message": "this"}, "this"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"detail": [{"loc": ["body", "model"], "msg": "field required"}]}, "body.model: field required"),
        ({"detail": [{"msg": "a"}, {"msg": "b"}]}, "a; b"),
        ({"errors": [{"message": "a"}, {"message": "b"}]}, "a; b"),
        ([{"error": {"message": "in a list"}}], "in a list"),
        ({"error": "invalid_grant", "error_description": "Token expired"}, "Token expired"),
        ("just text", "just text"),
        ({"code": 5}, ""),
        ({}, ""),
        ([], ""),
    ],
)  # fmt: skip
def test_json_in_the_shapes_that_providers_use(document, said):
    assert explain_body(json.dumps(document).encode(), "application/json") == said


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (b"", None, ""),
        (b"  \n", "text/plain", ""),
        (b"upstream connect error\nreset", "text/plain", "upstream connect error reset"),
        (b"{not json", "application/json", "{not json"),
        (b"\xef\xbb\xbf{\"message\": \"a\"}", None, "a"),
        (b"<html><head><title>502 Bad&nbsp;Gateway</title></head><body>x</body>", "text/html", "502 Bad Gateway"),
        (b"<h1>Blocked</h1><script>var a = '<b>';</script><p>by &lt;WAF&gt;</p>", "text/html", "Blocked by <WAF>"),
        (b"<!DOCTYPE html><title></title><body>Sorry</body>", "application/json", "Sorry"),
        (b"oops<br>again", "text/html; charset=utf-8", "oops again"),
        (b"bell\x07 and \x1b[31mred\xff", None, "bell and [31mred\ufffd"),
    ],
)  # fmt: skip
def test_other_bodies_are_reduced_to_their_text(body, content_type, said):
    assert explain_body(body, content_type) == said


def test_a_long_body_is_cut():
    said = explain_body(b"word " * 100_000)
    assert len(said) <= 500
    assert said.endswith("...")


@pytest.mark.parametrize(
    "body", [b"<" * 200_000, b"<title" * 50_000, b"<script>" * 50_000, b"[" * 100_000]
)
def test_a_hostile_body_is_no_trouble(body):
    assert len(explain_body(body, "text/html")) <= 500


@given(st.binary(max_size=300), st.sampled_from([None, "text/html", "application/json"]))
def test_any_body_gives_one_short_printable_line(body, content_type):
    said = explain_body(body, content_type)
    assert len(said) <= 500
    assert said.isprintable()
