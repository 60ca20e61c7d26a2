import pytest

from modelwire.redaction import is_secret_path, looks_secret


@pytest.mark.parametrize(
    "key",
    [
        "apiKey",
        "api_key",
        "API-KEY",
        "token",
        "bearerToken",
        "clientSecret",
        "password",
        "Authorization",
        "headers",
        "env",
        "key",
        "passphrase",
        "secretAccessKey",
    ],
)
def test_keys_of_secrets_are_known_by_their_name(key):
    assert looks_secret(key)


@pytest.mark.parametrize(
    "key", ["maxTokens", "contextTokens", "model", "baseUrl", "id", "tokenizer", "keys"]
)
def test_other_keys_are_not(key):
    assert not looks_secret(key)


def test_a_part_of_a_secret_is_one():
    assert is_secret_path(("models", "providers", "acme", "headers", "X-Team"))
    assert not is_secret_path(("models", "providers", "acme", "models", 0, "id"))
