"""Loading of a model file into the engine; takes seconds, and never runs on an event loop."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from attrs import field, frozen

from modelwire.errors import ModelwireError, NotFound, ServerError
from modelwire_local.models import verify_weights
from modelwire_local.requirements import import_engine
from modelwire_local.settings import EngineSettings, Pooling
from modelwire_local.template import ChatTemplate, inspect_template, render_prompt

__all__ = ["LlamaServer", "LoadedModel", "check_gguf", "describe_load_failure", "load_model"]

# Tokens of the prompt that one thread reads at a time. The engine can be stopped only in between,
# which is within a second at 64; larger batches are hardly faster on one thread.
_BATCH_PER_THREAD = 64

# The engine keeps the state of earlier conversations in memory, 8 GB of it by default.
_PROMPT_CACHE_MIB = 256


class LlamaServer(Protocol):
    """The part of the engine's server that is used."""

    def handle_chat_completions(
        self, request: dict[str, Any], callback: Callable[[dict[str, Any]], bool], /
    ) -> None:
        """Answer one request; the callback gets each chunk, and stops it by returning `True`."""

    def handle_embeddings(self, request: dict[str, Any], /) -> dict[str, Any]:
        """Make vectors of texts; other threads of the interpreter run meanwhile."""

    def handle_metrics(self) -> object:
        """Report how much was computed."""

    @property
    def listening_address(self) -> str:
        """The address on loopback that it listens on, such as `http://127.0.0.1:40123`."""


@frozen
class LoadedModel:
    """A model in the engine. It is used in one thread.

    Attributes:
        server: The engine's server.
        key: The key to the port that the server listens on.
        likelihoods: How likely the names of tools are as answers to requests that need none, as
            natural logarithms; filled as they are computed.
    """

    server: LlamaServer
    key: str = field(repr=False)
    likelihoods: dict[str, float] = field(factory=dict, repr=False, eq=False)

    def template(self) -> ChatTemplate:
        """Find out what the model's chat template renders.

        Raises:
            ServerError: The engine failed to render.
        """
        return inspect_template(partial(render_prompt, self.server.listening_address, self.key))


def load_model(settings: EngineSettings) -> LoadedModel:
    """Load a model.

    Raises:
        PluginError: The engine cannot run here, or the embedded weights are damaged.
        NotFound: The file does not exist or is not a GGUF file.
        ServerError: The engine could not load it.
    """
    if settings.embedded:
        verify_weights(settings.path)
    else:
        check_gguf(settings.path)
    with _quiet_threads(settings.threads):
        import_engine()
        import xllamacpp

        params = xllamacpp.CommonParams()
        key = secrets.token_urlsafe(32)
        _configure(params, settings, key)
        try:
            server: LlamaServer = xllamacpp.Server(params)
            # A server that is let go before its native loop has begun never ends. The loop answers
            # this call, so it runs afterwards.
            server.handle_metrics()
        except (RuntimeError, ValueError, MemoryError) as error:
            raise describe_load_failure(settings) from error
    return LoadedModel(server, key)


def check_gguf(path: Path) -> None:
    """Make sure that a file is there and calls itself GGUF.

    Raises:
        NotFound: It is not, or does not.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        msg = f"Cannot read the model file {path}: {error.strerror or error}."
        raise NotFound(msg, hint="Check the model's `path` in the configuration.") from error
    if magic != b"GGUF":
        msg = f"{path} is not a GGUF file."
        raise NotFound(msg, hint="The engine reads models in the format GGUF of llama.cpp.")


def describe_load_failure(settings: EngineSettings) -> ModelwireError:
    """Put a load that failed into words; the engine itself does not say why."""
    size = settings.path.stat().st_size
    free = _available_memory()
    name, mib = settings.path.name, size / 2**20
    if free is not None and free < size:
        return ServerError(
            f"There is not enough memory to load {name}: it has {mib:.0f} MiB, and "
            f"{free / 2**20:.0f} MiB are available.",
            hint="Free some memory, or choose a smaller model.",
            retryable=False,
        )
    return ServerError(
        f"The engine could not load {name} ({mib:.0f} MiB): the file is cut or of a kind that this "
        f"engine does not know, or the memory is too small for {settings.context_window} tokens of "
        "context.",
        hint="Fetch the file again, update xllamacpp, or configure a smaller `contextWindow`.",
        retryable=False,
    )


def _configure(params: Any, settings: EngineSettings, key: str) -> None:
    params.model.path = str(settings.path)
    # Without a name the answers carry the file's whole path.
    params.model_alias = {settings.path.stem}
    params.n_ctx = settings.context_window
    params.n_parallel = 1
    params.cpuparams.n_threads = settings.threads
    params.cpuparams_batch.n_threads = settings.threads
    params.n_batch = params.n_ubatch = _BATCH_PER_THREAD * settings.threads
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    if settings.pooling is not None:
        params.embedding = True
        # A text is computed in one piece.
        params.n_batch = params.n_ubatch = settings.context_window
        params.cache_ram_mib = 0
        params.pooling_type = _pooling_type(settings.pooling)
    # Fitting the model to a graphics card and a first computation for nothing: together they double
    # the time to load, and gain nothing here.
    params.fit_params = False
    params.warmup = False
    # The engine always listens on loopback, where every user and web page of this machine can
    # connect. The key does not leave this process.
    params.api_keys = [key]
    params.cors_origins = "https://modelwire.invalid"
    params.n_threads_http = 1
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_metrics = True
    params.verbosity = -1


def _pooling_type(pooling: Pooling) -> Any:
    import xllamacpp

    kinds = xllamacpp.llama_pooling_type
    name = "UNSPECIFIED" if pooling == "file" else pooling.upper()
    return kinds[f"LLAMA_POOLING_TYPE_{name}"]


def _available_memory() -> int | None:
    """The memory available without swapping, in bytes, where the system reports it."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


@contextmanager
def _quiet_threads(threads: int) -> Iterator[None]:
    """Keep idle threads of the engine from spinning; its runtime reads this when it is loaded."""
    name = "OMP_WAIT_POLICY"
    if threads == 1 or name in os.environ:
        yield
        return
    os.environ[name] = "PASSIVE"
    try:
        yield
    finally:
        os.environ.pop(name, None)
