"""Secrets are never shown, and what is no secret is."""

import json5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json5_documents import written

from modelwire.config.redaction import redact_text, redact_value
from modelwire.document.parser import parse

KEY = ("models", "providers", "acme", "apiKey")


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        (KEY, "sk-1", "<hidden>"),
        (KEY, 5, "<hidden>"),
        (KEY, "${ACME_KEY}", "${ACME_KEY}"),
        (KEY, "sk-1${ACME_KEY}", "<hidden>"),
        (KEY, "ACME_KEY", "ACME_KEY"),
        (KEY, "AKIAEXAMPLE", "<hidden>"),
        (KEY, "", ""),
        (KEY, None, None),
        (KEY, {"source": "env", "id": "X"}, {"source": "env", "id": "X"}),
        (KEY, {"source": "env", "id": "X", "value": "y"}, dict.fromkeys(("source", "id", "value"), "<hidden>")),
        (("headers",), {"Authorization": "Bearer ${T}", "X": "y"}, {"Authorization": "Bearer ${T}", "X": "<hidden>"}),
        (("env",), {"A": "b", "shellEnv": {"enabled": True}}, {"A": "<hidden>", "shellEnv": {"enabled": True}}),
        (("baseUrl",), "https://me:pw@acme.example/v1", "https://<hidden>@acme.example/v1"),
        (("baseUrl",), "https://a.example/?api_key=x&b=c", "https://a.example/?api_key=<hidden>&b=c"),
        (("baseUrl",), "https://a.example/@me", "https://a.example/@me"),
        (("maxTokens",), 5, 5),
        (("models",), [{"password": "x"}], [{"password": "<hidden>"}]),
    ],
)  # fmt: skip
def test_a_secret_is_hidden(path, value, shown):
    assert redact_value(value, path, {"ACME_KEY": "hush"}) == shown


def test_a_text_is_shown_without_its_secrets():
    text = """{
  // apiKey: "sk-old", the last
  /* see http://me:pw@a.example
     token = abc */
  models: { providers: { acme: { apiKey: 'sk-\\
new', baseUrl: "http://me:pw@b.example", max: 5 } } }, // note: secretKey: x
}"""
    shown = redact_text(text, {})
    for secret in "sk-", "pw", "abc", "the last", "x\n":
        assert secret not in shown
    assert json5.loads(shown)["models"]["providers"]["acme"] == {
        "apiKey": "<hidden>",
        "baseUrl": "http://<hidden>@b.example",
        "max": 5,
    }
    assert len(shown.splitlines()) == len(text.splitlines())
    assert "see http://<hidden>@a.example" in shown


@settings(max_examples=150)
@given(written(), st.sampled_from(["apiKey", "headers", "plain"]))
def test_every_line_stays_where_it_is(text, key):
    wrapped = f"{{ {key}: {text}\n}}"
    shown = redact_text(wrapped, {})
    assert len(shown.splitlines()) == len(wrapped.splitlines())
    assert parse(shown).root is not None
