"""The emulator on real sockets, read by boto3 as an independent judge."""

import boto3
import pytest
from botocore.config import Config

from modelwire_bedrock.emulator import Emulator

NOVA = "us.amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=20, connect_timeout=20)


@pytest.fixture(autouse=True)
def no_aws_settings(monkeypatch, tmp_path):
    """The tests see nothing of the developer's own AWS settings."""
    import os

    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def strict():
    with Emulator(require_auth=True) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def session():
    """One session: it reads the service models once."""
    return boto3.session.Session()


@pytest.fixture
def client_of(session):
    """Make boto3 clients for an emulator."""

    def make(emulator, service="bedrock-runtime", config=ONCE, **changes):
        options = {**emulator.client_options(), **changes}
        made.append(session.client(service, config=config, **options))
        return made[-1]

    made = []
    yield make
    for client in made:
        client.close()


@pytest.fixture
def runtime(emulator, client_of):
    return client_of(emulator)


@pytest.fixture
def read_stream():
    """Read a stream: all its events, and the exception that ended it, if one did."""

    def read(client, **changes):
        request = {"modelId": NOVA, "messages": HELLO, **changes}
        events, failure, stream = [], None, None
        try:
            stream = client.converse_stream(**request)["stream"]
            for event in stream:
                events.append(event)
        except Exception as error:  # noqa: BLE001 - what kind it is, is what the tests are about
            failure = error
        if stream is not None:
            stream.close()
        return events, failure

    return read


@pytest.fixture
def text_of():
    """The text that a stream says."""

    def text(events):
        deltas = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
        return "".join(delta.get("text", "") for delta in deltas)

    return text
