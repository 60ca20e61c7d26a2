"""A fault in a provider's code is the provider's, though this plugin records the stream around it."""

import textwrap

import pytest

from modelwire import Runtime
from modelwire.config import Config
from modelwire.errors import PluginError
from modelwire.registry import Claim, Registry, installed_claims
from modelwire.transport import RetryPolicy

PROVIDER = """
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl

    @hookimpl
    async def stream_completion(model):
        yield TextDelta(0, "so far")
        if model.id == "wrong":
            yield Stop("stop")
        raise AttributeError("sk-secret")
"""


@pytest.mark.parametrize(
    ("model", "said"),
    [("late", "modelwire-broken failed"), ("wrong", "modelwire-broken yielded a wrong delta")],
)
@pytest.mark.parametrize("mode", ["record-missing", "record"])
async def test_a_fault_of_a_provider_is_not_ours(tmp_path, monkeypatch, mode, model, said):
    (tmp_path / "broken_inside_cache.py").write_text(textwrap.dedent(PROVIDER))
    monkeypatch.syspath_prepend(tmp_path)
    own = [claim for claim in installed_claims() if claim.distribution == "modelwire-cache"]
    provider = Claim("providers", "broken", "broken_inside_cache", "modelwire-broken", "1.0")
    settings = {"mode": mode, "directory": str(tmp_path / "recordings")}
    document = {"plugins": {"entries": {"recordings": {"config": settings}}}}
    config = Config.from_document(document, environ={})
    runtime = Runtime(
        config,
        registry=Registry(config, [*own, provider]),
        retries=RetryPolicy(max_attempts=1),
        cache_directory=tmp_path / "lists",
    )
    async with runtime:
        with pytest.raises(PluginError) as caught:
            await runtime.complete("x", model=f"broken/{model}")
    assert str(caught.value).startswith(said)
    assert caught.value.partial.text == "so far"
    assert not (tmp_path / "recordings").exists()
