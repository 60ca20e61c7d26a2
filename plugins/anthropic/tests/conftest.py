"""A runtime over a real server on loopback that speaks the Messages API."""

import pytest

from modelwire import Runtime
from modelwire.testing import WireServer
from modelwire.transport import RetryPolicy
from modelwire_anthropic.testing import MessagesWire


@pytest.fixture
def wire():
    return MessagesWire()


@pytest.fixture
def server():
    with WireServer() as made:
        yield made


@pytest.fixture
def runtime(server, tmp_path):
    def make(settings=None, environ=None):
        provider = {"baseUrl": server.url, "apiKey": "sk-ant-marked", **(settings or {})}
        return Runtime.from_config(
            {"models": {"providers": {"anthropic": provider}}},
            environ=environ or {},
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path,
        )

    return make
