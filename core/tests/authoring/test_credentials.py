"""Credentials that are a key: found or not, refused or not, without a request or with one."""

import pytest
from attrs import frozen

from modelwire.authoring import detect_key, fetch_json, key_variable, missing_key
from modelwire.config import Config
from modelwire.hookspecs import CredentialStatus, fingerprint
from modelwire.testing import Reply
from modelwire.testing.listener import refusing_port


@frozen
class Account:
    url: str
    key: str | None = "k-123456"


@pytest.fixture
def detect(api_with, server):
    async def ask(account, transport, deadlines):
        await fetch_json(api_with(), account.url, transport=transport, deadlines=deadlines)

    def status(account):
        identity = None if account.key is None else fingerprint(account.key)
        return CredentialStatus("usable", source="env: K", identity=identity)

    def run(find=None, *, probe=True):
        find = find or (lambda: Account(server.url))
        return detect_key(find, status, ask, config=Config(), probe=probe, timeout=10)

    return run


def no_key():
    raise missing_key("acme", ["ACME_API_KEY", "ACME_TOKEN"])


def test_a_key_that_is_missing_is_said_with_what_to_do(detect):
    found = detect(no_key)
    assert (found.state, found.reason) == ("unusable", "There is no API key for acme.")
    assert found.hint == (
        "Set the environment variable ACME_API_KEY or ACME_TOKEN, or models.providers.acme.apiKey."
    )


def test_without_a_probe_no_request_is_sent(detect, server):
    found = detect(probe=False)
    assert (found.state, found.source) == ("usable", "env: K")
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "state"), [(200, "usable"), (401, "unusable"), (403, "unusable"), (500, "unknown")]
)
def test_a_probe_says_what_the_service_says(detect, server, status, state):
    server.always(Reply([b"{}"], status=status))
    assert detect().state == state


@pytest.mark.parametrize(("key", "state"), [("k-123456", "unknown"), (None, "unusable")])
def test_a_service_that_is_down_says_nothing_of_a_key(detect, key, state):
    with refusing_port() as port:
        assert detect(lambda: Account(f"http://127.0.0.1:{port}", key)).state == state


@pytest.mark.parametrize(
    ("provider", "variable"),
    [("acme", "ACME_API_KEY"), ("acme-cloud", "ACME_CLOUD_API_KEY"), ("a.b--c", "A_B_C_API_KEY")],
)
def test_a_variable_is_called_after_its_provider(provider, variable):
    assert key_variable(provider) == variable
