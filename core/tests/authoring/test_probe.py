"""What a probe says of credentials, whatever the service answers."""

import pytest

from modelwire.authoring import probe_credentials
from modelwire.config import Config
from modelwire.errors import ConfigError
from modelwire.hookspecs import CredentialStatus
from modelwire.testing import Reply, WireServer
from modelwire.testing.listener import refusing_port
from modelwire.transport import Request, error_from_status

KNOWN = CredentialStatus("unknown", "env: KEY", "nobody asked", "Ask.", details={"region": "north"})


def asking(address):
    async def ask(transport, deadlines):
        async with transport.send(Request("GET", address), deadlines=deadlines) as response:
            if response.status != 200:
                raise error_from_status(
                    response.status, "The service says no.", headers=response.headers
                )

    return ask


@pytest.fixture
def server():
    with WireServer() as server:
        yield server


@pytest.fixture
def probe(server):
    def probe(address=server.url, **options):
        return probe_credentials(KNOWN, asking(address), config=Config(), timeout=10, **options)

    return probe


def test_credentials_that_the_service_takes_are_usable(server, probe):
    server.always(Reply())
    details = {"region": "north", "probed": "true"}
    assert probe() == CredentialStatus("usable", "env: KEY", details=details)


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_it_refuses_are_not(server, probe, status):
    server.always(Reply(status=status))
    found = probe()
    assert found.state == "unusable"
    assert found.reason == "The service says no."
    assert found.source == "env: KEY"
    assert "probed" not in found.details


def test_a_service_that_fails_says_nothing_of_the_credentials(server, probe):
    server.always(Reply(status=500))
    assert probe().state == "unknown"
    assert probe(otherwise="unusable").state == "unusable"


def test_a_service_that_is_not_there_says_nothing_of_them_either(probe):
    with refusing_port() as port:
        found = probe(f"http://127.0.0.1:{port}")
    assert found.state == "unknown"
    assert found.reason != KNOWN.reason


def test_a_setting_that_is_wrong_is_the_users_to_mend():
    async def ask(transport, deadlines):
        raise ConfigError("The proxy is wrong.")

    with pytest.raises(ConfigError, match="proxy"):
        probe_credentials(KNOWN, ask, config=Config(), timeout=10)


def test_the_time_is_for_all_of_it():
    seen = []

    async def ask(transport, deadlines):
        seen.append((deadlines.connect, deadlines.first_byte, deadlines.idle, deadlines.total))

    probe_credentials(KNOWN, ask, config=Config(), timeout=2.5)
    assert seen == [(2.5, 2.5, 2.5, 2.5)]
