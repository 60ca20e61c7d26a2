"""A runtime over the plugins of the test's own folder."""

import importlib

import pytest

from modelwire.config import Config
from modelwire.registry import Registry, installed_claims
from modelwire.runtime import Runtime
from modelwire.transport import RetryPolicy

QUICK = RetryPolicy(base=0.0)


@pytest.fixture
def make_runtime(site, tmp_path):
    def make(document=None, environ=None, **options):
        config = Config.from_document(document or {}, environ=environ or {})
        registry = Registry(config, installed_claims([str(site.path)]))
        options = {"retries": QUICK, "cache_directory": tmp_path / "cache", **options}
        return Runtime(config, registry=registry, **options)

    return make


# Each model of this provider misbehaves in the way that its id says.
WILD = """
    import asyncio
    from modelwire import errors
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason

    calls, closed, seen = [], [], []

    @hookimpl
    async def stream_completion(model, context, options):
        calls.append(model.id)
        seen.append(options)
        name, _, count = model.id.partition(":")
        try:
            if name == "overloaded" and calls.count(model.id) <= int(count):
                raise errors.Overloaded("busy", retry_after=0)
            if name == "soon" and calls.count(model.id) <= int(count):
                raise errors.RateLimited("soon", retry_after=0.05)
            if name in ("overflow", "auth", "bug", "rate", "busy"):
                raise {
                    "overflow": errors.ContextOverflow("too long"),
                    "auth": errors.AuthenticationError("no key"),
                    "rate": errors.RateLimited("later", retry_after=1000),
                    "busy": errors.RateLimited("soon", retry_after=30),
                    "bug": KeyError("sk-secret"),
                }[name]
            if name == "notadelta":
                yield "hello"
            yield ResponseInfo(request_id="req-1")
            yield TextDelta(0, "some ")
            if name == "midway":
                raise errors.Overloaded("busy")
            if name == "midbug":
                raise KeyError("sk-secret")
            if name == "truncated":
                return
            if name == "hangs":
                await asyncio.sleep(3600)
            if name == "deaf":
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    yield TextDelta(0, "ignored you")
            if name == "endless":
                while True:
                    yield TextDelta(0, "x")
                    await asyncio.sleep(0)
            yield TextDelta(0, "text")
            yield BlockEnd(0)
            yield Stop(StopReason.STOP)
        finally:
            closed.append(model.id)
"""


@pytest.fixture
def wild(site):
    module = site.provider("wild", source=WILD)
    site.provider("echo")
    return importlib.import_module(module)
