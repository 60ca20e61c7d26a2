"""Real servers for the tests of access: PostgreSQL and Valkey from wheels."""

import uuid

import pytest
import redis.asyncio  # noqa: F401 - the gateway imports it in a thread
from gateway_servers import PostgresServer, ValkeyServer

from modelwire_gateway.storage.engine import database_url, make_engine
from modelwire_gateway.storage.migrate import migrate


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL of this test process's own."""
    server = PostgresServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def counting_server():
    """A Valkey of this test process's own."""
    server = ValkeyServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def counting_url(counting_server):
    """The URL of a Valkey."""
    return counting_server.url


@pytest.fixture
def postgres_url(postgres_server):
    """The URL of an empty database."""
    return database_url(postgres_server.create_database(f"test_{uuid.uuid4().hex}"))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    """The URL of an empty database, of each kind."""
    if request.param == "sqlite":
        return database_url(str(tmp_path / "gateway.db"))
    return request.getfixturevalue("postgres_url")


@pytest.fixture
async def engine(url):
    """Connections to a database with the gateway's tables."""
    await migrate(url)
    made = make_engine(url)
    yield made
    await made.dispose()
