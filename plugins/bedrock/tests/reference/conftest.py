"""A runtime as an application has it, over real HTTP to the emulator."""

import pytest

from modelwire import Runtime
from modelwire.transport import RetryPolicy
from modelwire_bedrock.emulator import Emulator


@pytest.fixture
def emulator():
    with Emulator() as made:
        yield made


@pytest.fixture
def runtime_of(emulator, tmp_path):
    """Make a runtime; `settings` are those of the provider."""

    def make(settings=None, **document):
        return Runtime.from_config(
            {"models": {"providers": {"amazon-bedrock": settings or {}}}, **document},
            environ={
                **emulator.environ(),
                "AWS_CONFIG_FILE": str(tmp_path / "config"),
                "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            },
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path / "cache",
        )

    return make


@pytest.fixture
def sent(emulator):
    """The bodies that the emulator was sent for answers, in order."""

    def bodies():
        return [request.body for request in emulator.requests if "/model/" in request.path]

    return bodies


@pytest.fixture
def ask(runtime_of):
    """Ask a model in us-east-1, or in another `region`."""

    async def run(model, context="Hello", *, region="us-east-1", **options):
        async with runtime_of({"region": region}) as runtime:
            return await runtime.complete(context, model=f"amazon-bedrock/{model}", **options)

    return run
