"""A real server that speaks OpenAI's Chat Completions: llama.cpp's own, with the small model."""

import importlib.util
from functools import cache

import pytest

__all__ = ["llama_address"]


@cache
def llama_address() -> str:
    """Start the server, once, and return its base URL; it listens on loopback and needs no key."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the engine xllamacpp is not installed")
    embedded = pytest.importorskip("modelwire_local.embedded")
    weights = embedded.find_weights()
    if weights is None:
        pytest.skip("the weights are not installed: modelwire local install")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {"smollm2"}
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.fit_params = params.warmup = params.ui = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    _running.append(server)
    return f"{server.listening_address}/v1"


_running: list[object] = []
"""The server stops with the last reference to it."""
