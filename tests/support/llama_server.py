"""A real server that speaks OpenAI's APIs: llama.cpp's own, with the small model."""

import importlib.util
from functools import cache
from typing import Any

import pytest

__all__ = ["llama_address", "start_llama"]


def start_llama(*, context: int, key: str | None = None, **settings: Any) -> Any:
    """Start a server on loopback; it stops with the last reference to it.

    Args:
        context: How many tokens it takes.
        key: The key that it wants; by default none.
        settings: What else `CommonParams` is told.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the engine xllamacpp is not installed")
    embedded = pytest.importorskip("modelwire_local.models")
    weights = embedded.find_weights()
    if weights is None:
        pytest.skip("the weights are not installed: modelwire local install")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {"smollm2"}
    params.n_ctx = context
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.fit_params = params.warmup = params.ui = False
    params.verbosity = -1
    if key is not None:
        params.api_keys = [key]
    for name, value in settings.items():
        setattr(params, name, value)
    return xllamacpp.Server(params)


@cache
def llama_address() -> str:
    """Start a server that needs no key, once, and return its base URL."""
    server = start_llama(context=2048)
    _running.append(server)
    return f"{server.listening_address}/v1"


_running: list[object] = []
