"""A fault in a provider's code is the provider's, though this plugin records the stream around it."""

import textwrap

import pytest
from opentelemetry.trace import StatusCode

from modelwire import Runtime
from modelwire.config import Config
from modelwire.errors import PluginError
from modelwire.registry import Claim, Registry, installed_claims
from modelwire.transport import RetryPolicy

PROVIDER = """
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl

    WRONG = {
        "text": TextDelta(0, 5),
        "thinking": ThinkingDelta(0, b"x"),
        "arguments": ArgumentsDelta(1, {}),
        "index": TextDelta(None, "x"),
        "usage": UsageReport(5),
        "stop": Stop("stop"),
        "info": ResponseInfo(5),
        "call": ToolCallStart(2, 5, ["list"]),
    }

    @hookimpl
    async def stream_completion(model):
        if model.id == "early":
            raise AttributeError("sk-secret")
        yield [TextDelta(0, "so far"), ToolCallStart(1, "c", "tool")]
        if model.id in WRONG:
            yield WRONG[model.id]
        raise AttributeError("sk-secret")
"""


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A runtime with this plugin and a provider whose models fail in the way that their ids say."""
    (tmp_path / "broken_inside_tracing.py").write_text(textwrap.dedent(PROVIDER))
    monkeypatch.syspath_prepend(tmp_path)
    own = [claim for claim in installed_claims() if claim.distribution == "modelwire-otel"]
    provider = Claim("providers", "broken", "broken_inside_tracing", "modelwire-broken", "1.0")

    def make(**entry):
        document = {"plugins": {"entries": {"modelwire-otel": {"config": entry}}}}
        config = Config.from_document(document, environ={})
        return Runtime(
            config,
            registry=Registry(config, [*own, provider]),
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path / "cache",
        )

    return make


@pytest.mark.parametrize("model", ["early", "late"])
async def test_an_exception_in_a_provider_is_not_ours(broken, spans, model):
    async with broken() as runtime:
        with pytest.raises(PluginError, match=r"^modelwire-broken failed") as caught:
            await runtime.complete("x", model=f"broken/{model}")
    assert "otel" not in str(caught.value)
    assert isinstance(caught.value.__cause__, AttributeError)
    (span,) = spans()
    assert span.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize("capture", [False, True])
@pytest.mark.parametrize(
    "model", ["text", "thinking", "arguments", "index", "usage", "stop", "info", "call"]
)
async def test_a_wrong_delta_of_a_provider_is_not_ours(broken, spans, model, capture):
    async with broken(captureContent=capture) as runtime:
        with pytest.raises(PluginError, match=r"^modelwire-broken yielded a wrong delta") as caught:
            await runtime.complete("x", model=f"broken/{model}")
    assert caught.value.partial.text == "so far"
    (span,) = spans()
    assert span.attributes["error.type"] == "plugin"
