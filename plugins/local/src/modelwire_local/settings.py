"""Settings of a model: its file, context size and threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import frozen

from modelwire.authoring import unusable_auth
from modelwire.errors import ConfigError, NotFound, PluginError, Problem
from modelwire.models import Model
from modelwire_local import models as embedded

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig

__all__ = [
    "API",
    "DEFAULT_CONTEXT_WINDOW",
    "EngineSettings",
    "Pooling",
    "pooling_of",
    "settings_for",
]

API = "local-completions"
DEFAULT_CONTEXT_WINDOW = 8192
"""For a file whose `contextWindow` is not configured. Files often declare 128k and more, and the
engine would set that much memory aside at once."""


Pooling = Literal["file", "mean", "cls", "last"]


@frozen
class EngineSettings:
    """The settings of one loaded model; models with equal settings share it.

    Attributes:
        path: The GGUF file.
        context_window: Tokens that prompt and answer may have together.
        threads: Threads to compute on.
        embedded: Whether it has to be the embedded model's file, byte for byte.
        pooling: How vectors of tokens become one of a text, for a model that is loaded to make
            embeddings; `file` leaves that to the file. `None` for one that is loaded to answer.
    """

    path: Path
    context_window: int
    threads: int
    embedded: bool
    pooling: Pooling | None = None


def settings_for(model: Model, provider: ProviderConfig) -> EngineSettings:
    """Find the file of a model and how to run it.

    Raises:
        NotFound: The model is neither the embedded one nor one with a `path`.
        PluginError: It is the embedded one, and its weights are not installed.
        ConfigError: A setting is not what it has to be.
    """
    if provider.delegated_auth is not None:
        raise unusable_auth(provider, "a model in this process needs no credentials")
    path = file_of(model, provider)
    window = model.context_window or provider.context_window or DEFAULT_CONTEXT_WINDOW
    if model.context_tokens is not None:
        window = min(window, model.context_tokens)
    return EngineSettings(
        path=path or _embedded_path(),
        context_window=window,
        threads=_threads(model, provider),
        embedded=path is None,
    )


def file_of(model: Model, provider: ProviderConfig) -> Path | None:
    """The GGUF file that the user configured for a model; `None` for the embedded model.

    Raises:
        NotFound: The model is neither the embedded one nor one with a `path`.
        ConfigError: The path is not a file's name.
    """
    path = configured_path(model, provider)
    if path is None and model.id != embedded.MODEL_ID:
        msg = f"The provider {provider.id} has no model {model.id}, and no `path` to a file for it."
        raise NotFound(
            msg,
            provider=provider.id,
            model=model.id,
            hint=f"Add {{ id: {model.id!r}, path: '….gguf' }} to "
            f"models.providers.{provider.id}.models, or use {embedded.MODEL_ID}.",
        )
    return path


def configured_path(model: Model, provider: ProviderConfig) -> Path | None:
    """The GGUF file that the user configured for a model, or `None`."""
    value = _configured(model, provider, "path")
    return None if value is None else expand_path(value, provider.id)


def pooling_of(model: Model, provider: ProviderConfig) -> Pooling:
    """How a model's vectors of tokens become one of a text: what is configured, or what its file says.

    Raises:
        ConfigError: The configured one does not exist.
    """
    value = _configured(model, provider, "pooling") or "file"
    kinds: dict[Any, Pooling] = {kind: kind for kind in get_args(Pooling)}
    if not isinstance(value, str) or value not in kinds:
        place = f"models.providers.{provider.id}.models"
        raise _wrong(place, f"`pooling` has to be {', '.join(kinds)}, found {value!r}")
    return kinds[value]


def _configured(model: Model, provider: ProviderConfig, name: str) -> Any:
    """A key of the user's beside a model's id, or `None`."""
    value = model.extra.get(name)
    for configured in provider.models:
        if value is None and configured.id == model.id:
            value = configured.extra.get(name)
    return value


def expand_path(value: Any, provider_id: str) -> Path:
    """Read a `path` of the configuration; `~` is the user's home.

    Raises:
        ConfigError: It is not a string, or there is no such home.
    """
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"models.providers.{provider_id}.models", "`path` has to be a file's name")
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError as error:
        raise _wrong(f"models.providers.{provider_id}.models", f"{value}: {error}") from error


def _embedded_path() -> Path:
    path = embedded.find_weights()
    if path is None:
        msg = f"The weights of {embedded.MODEL_ID} are not installed."
        raise PluginError(msg, hint=embedded.INSTALL_HINT)
    return path


def _threads(model: Model, provider: ProviderConfig) -> int:
    # More than one is slower on a busy machine, by far: the engine's threads wait for each other by
    # spinning. So one is the default, and more is the user's choice.
    value = model.params.get("threads", provider.params.get("threads", 1))
    if type(value) is not int or value < 1:
        place = f"models.providers.{provider.id}.params.threads"
        raise _wrong(place, f"expected a whole number from 1, found {value!r}")
    return value


def _wrong(place: str, message: str) -> ConfigError:
    return ConfigError("The configuration is not valid.", problems=[Problem(place, message)])
