"""Secrets that a service repeats are found in clear and in the forms that services make of them."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelwire.errors import RateLimited
from modelwire.redaction import HIDDEN, redact, redact_data, secrets_in
from modelwire.redaction.echoes import SentSecrets, hide_sent, redact_error

KEY = 'sk-Acme/17+"9f4c_Zq='
FORMS = {
    "as it is": KEY,
    "in upper case": KEY.upper(),
    "in lower case": KEY.lower(),
    "percent-encoded": quote(KEY, safe=""),
    "percent-encoded but for slashes": quote(KEY),
    "percent-encoded in lower case": quote(KEY, safe="").lower(),
    "percent-encoded throughout": "".join(f"%{ord(char):02x}" for char in KEY),
    "as a form": quote_plus(f"Bearer {KEY}"),
    "escaped as JSON": json.dumps(KEY)[1:-1],
    "escaped as JSON throughout": "".join(f"\\u{ord(char):04X}" for char in KEY),
    "escaped as JSON with slashes": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "percent-encoded twice": quote(quote(KEY, safe=""), safe=""),
    "escaped as JSON twice": json.dumps(json.dumps(KEY))[3:-3],
    "in Base64": base64.b64encode(KEY.encode()).decode(),
    "in Base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
    "in Base64 with its scheme": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "in Base64 with a user": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "in Base64 with another user": base64.b64encode(f"admin:{KEY}".encode()).decode(),
    "in Base64 with more behind": base64.b64encode(f"{KEY}:".encode()).decode(),
}
SECRETS = secrets_in({"Authorization": f"Bearer {KEY}", "Accept": "application/json"})
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_hidden_in_every_form(form):
    told = redact(f"No such key ({FORMS[form]}), try again.", SECRETS)
    assert told.startswith("No such key (")
    assert told.endswith("), try again.")
    assert HIDDEN in told
    for piece in ("9f4c", "9F4C", "39%", "Zjlj", base64.b64encode(b"sk-Acme").decode()[:6]):
        assert piece not in told


@given(TEXT, TEXT, st.sampled_from(list(FORMS.values())))
@example("%", "\\", KEY)
@example("İ", "\\u", KEY.upper())
def test_what_is_around_a_key_stays(before, after, form):
    # Base64 that touches other letters cannot be told from them.
    told = redact(f"{before} {form} {after}", SECRETS)
    assert told == f"{before} {HIDDEN} {after}" or "Bearer" in form


@given(TEXT)
def test_a_text_without_a_key_stays_as_it_is(text):
    assert redact(text, SECRETS) == text


def test_every_place_is_found_and_overlapping_secrets_too():
    text = f"{KEY} {KEY.upper()} {quote(KEY, safe='')} {KEY}"
    assert redact(text, SECRETS) == f"{HIDDEN} {HIDDEN} {HIDDEN} {HIDDEN}"
    assert redact("abcdefghijklmnop ABCDEFGHIJKLMNOP", ("abcdefghijklmnop", "efghijklmnop")) == (
        f"{HIDDEN} {HIDDEN}"
    )


def test_a_short_key_may_be_a_word_and_is_only_found_as_it_is():
    secrets = secrets_in({"Authorization": "Bearer ollama"})
    assert redact("Ollama refuses the key ollama.", secrets) == f"Ollama refuses the key {HIDDEN}."


def test_what_is_secret_in_a_request():
    basic = base64.b64encode(b"user:a-password").decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "X-Own": "something-of-ours",
        "x-request-id": "r" * 20,
    }
    url = "https://me:url-password@host/v1?api_key=key-in-the-url&page=some-page-or-other"
    assert set(secrets_in(headers, url=url)) == {
        *(f"Basic {basic}", basic, "user:a-password", "a-password", "something-of-ours"),
        *("url-password", "key-in-the-url"),
    }
    assert secrets_in({}, url="http://[broken@host?api_key=abcdefgh") == ()


def test_json_data_is_searched_through():
    data = {"a": [KEY, 1, None, {KEY: True}], "b": "fine"}
    assert redact_data(data, SECRETS) == {"a": [HIDDEN, 1, None, {HIDDEN: True}], "b": "fine"}


def test_an_error_is_searched_through_with_all_that_is_behind_it():
    error = RateLimited(f"No: {KEY}", model=KEY, request_id=KEY, hint=f"{KEY}?")
    error.__cause__ = ValueError(f"{KEY}", 5)
    redact_error(error, SECRETS)
    assert str(error) == f"No: {HIDDEN}"
    assert (error.message, error.request_id, error.hint) == (f"No: {HIDDEN}", HIDDEN, f"{HIDDEN}?")
    assert error.__cause__.args == (HIDDEN, 5)
    assert error.model == KEY  # which is the caller's


def test_the_secrets_of_a_call_are_those_that_it_sends():
    sent = SentSecrets()
    SentSecrets.note(["noted-by-nobody-at-all"])
    token = sent.begin()
    SentSecrets.note([KEY, "short"])
    assert hide_sent({"id": KEY, "model": "short"}) == {"id": HIDDEN, "model": "short"}
    assert hide_sent(None) is None
    sent.end(token)
    assert hide_sent(KEY) == KEY
    assert sent.lasting == [KEY]


def test_the_notes_of_an_error_are_redacted_too():
    secret = "sk-some-secret-0123456789"
    error = RateLimited("Too often.", hint=f"Change {secret}.")
    error.add_note(f"It was {secret}.")
    redact_error(error, [secret])
    assert not [note for note in error.__notes__ if secret in note]
    assert secret not in error.hint
    assert len(error.__notes__) == 2
