"""An agent over the scripted provider of the test's own folder."""

import importlib

import pytest

from modelwire import Agent
from modelwire.config import Config
from modelwire.registry import Registry, installed_claims
from modelwire.runtime import Runtime
from modelwire.transport import RetryPolicy

# Answers with the lines of the first message, one after the other.
DICTATED = """
    from modelwire.events import Stop, TextDelta, UsageReport
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import AssistantMessage, Cost, StopReason, Usage

    seen = []

    @hookimpl
    async def stream_completion(model, context, options):
        seen.append((context, options))
        turn = sum(isinstance(m, AssistantMessage) for m in context.messages)
        lines = context.messages[0].content[0].text.split("\\n---\\n")
        yield TextDelta(0, lines[turn])
        yield UsageReport(Usage(10, 2, cost=Cost(0.5, 0.25)))
        yield Stop(StopReason.LENGTH if model.id == "short" else StopReason.STOP)
"""


@pytest.fixture
def dictated(site):
    """What a provider was asked that says what the first message dictates, part by part."""
    return importlib.import_module(site.provider("dictated", DICTATED)).seen


@pytest.fixture
def make_runtime(site, scripted, dictated, tmp_path):
    def make(document=None):
        config = Config.from_document(document or {}, environ={})
        registry = Registry(config, installed_claims([str(site.path)]))
        retries = RetryPolicy(base=0.0)
        return Runtime(
            config, registry=registry, retries=retries, cache_directory=tmp_path / "cache"
        )

    return make


@pytest.fixture
def runtime(make_runtime):
    return make_runtime()


@pytest.fixture
def seen(scripted):
    """The contexts and options with which the model was asked."""
    return importlib.import_module(scripted).seen


@pytest.fixture
def make_agent(runtime):
    def make(model="scripted/m", **settings):
        return Agent(model, **{"runtime": runtime, **settings})

    return make
