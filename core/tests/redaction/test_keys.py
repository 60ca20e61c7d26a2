"""Keys are told from words by their shape, whatever service made them."""

import base64
import random
import string

import pytest

from modelwire.redaction import looks_like_a_key


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "use sk-" + "abcdefghij0123456789",
        "ABSK" + "QmVkcm9ja0FQSUtleS1" * 2,
        "ghp_" + "a1" * 18,
        "Authorization: Bearer " + "abcdefghijklmnop1234",
        "api_key = '12345678'",
        "password: hunter2hunter2",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "-----BEGIN RSA PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
    ],
)
def test_what_looks_like_a_key_is_seen(text):
    assert looks_like_a_key(f"here it is: {text} ok")


@pytest.mark.parametrize(
    "text",
    [
        "What is a token?",
        "how many tokens does this use",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709 is a commit",
        "explain the secret of good bread",
        "risk-averse investors of the twentieth century",
        "/model amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "internationalizationinternationalizationss",
    ],
)
def test_ordinary_words_are_no_keys(text):
    assert not looks_like_a_key(text)


BASE62 = string.ascii_letters + string.digits
CHANCE = random.Random(20261129)


def drawn(alphabet, length):
    return "".join(CHANCE.choices(alphabet, k=length))


SHAPES = {
    "a key id in capitals": lambda: "AKIA" + drawn(string.ascii_uppercase + string.digits, 16),
    "thirty bytes in base64": lambda: base64.b64encode(CHANCE.randbytes(30)).decode(),
    "a name and bytes in base64": lambda: base64.b64encode(
        b"AcmeAPIKey-" + drawn(BASE62, 44).encode()
    ).decode(),
    "a name and an encoded request": lambda: "acme-api-key-" + drawn(BASE62, 200),
    "a secret key": lambda: "sk-" + drawn(BASE62, 48),
    "a secret key with a version": lambda: "sk-ant-api03-" + drawn(BASE62 + "_-", 95),
    "a tag": lambda: "ghp_" + drawn(BASE62, 36),
    "a tag of two words": lambda: f"github_pat_{drawn(BASE62, 22)}_{drawn(BASE62, 59)}",
    "numbers between": lambda: f"xoxb-{drawn(string.digits, 12)}-{drawn(BASE62, 24)}",
    "no mark at all": lambda: "AIza" + drawn(BASE62 + "_-", 35),
    "a token": lambda: ".".join(["eyJ" + drawn(BASE62, 30), *(drawn(BASE62, 30) for _ in "ab")]),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_random_keys_of_many_services_are_seen(shape):
    """A key may look like a word by chance: one in a thousand that are drawn here may."""
    missed = [
        key for key in (shape() for _ in range(2000)) if not looks_like_a_key(f"use {key} ok")
    ]
    assert len(missed) <= 2, missed


@pytest.mark.parametrize(
    "text",
    [
        "Meeting-Notes-2026-Final-Version.docx",
        "~/Projects/modelwire/core/src/modelwire/redaction/keys.py",
        "/Users/Ann/Documents/Report2026/Summary",
        "UnsupportedAccesspointConfigurationError",
        "https://example.com/a/very/long/path/to/a/page?with=query&and=more",
        "550e8400-e29b-41d4-a716-446655440000",
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
    ],
)
def test_names_of_files_classes_and_models_are_no_keys(text):
    assert not looks_like_a_key(f"what is {text} ?")
