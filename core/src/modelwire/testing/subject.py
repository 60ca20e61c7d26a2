"""The subject of a suite: a provider, as declared by its plugin's author."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from attrs import field, frozen

from modelwire.models import ModelRef
from modelwire.testing.wires import Wire

__all__ = ["ABILITIES", "Ability", "Subject"]

Ability = Literal[
    "api_key",
    "batch_jobs",
    "cache_usage",
    "discovery",
    "embeddings",
    "images",
    "max_tokens",
    "probe",
    "reasoning",
    "schemas",
    "signatures",
    "stop",
    "stream_errors",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_p",
]

ABILITIES: Mapping[str, str] = {
    "api_key": "needs a key, and says so when there is none",
    "batch_jobs": "runs batch jobs",
    "cache_usage": "reports tokens read from and written to a cache",
    "discovery": "lists its models",
    "embeddings": "makes embeddings",
    "images": "takes images",
    "max_tokens": "takes a limit on tokens",
    "probe": "asks the service whether a key works",
    "reasoning": "takes how much to think",
    "schemas": "holds an answer to a JSON Schema",
    "signatures": "signs its thinking, and wants the signature back",
    "stop": "takes stop sequences",
    "stream_errors": "reports errors in the middle of a stream",
    "temperature": "takes a temperature",
    "thinking": "sends its thinking",
    "tool_choice": "takes which tool to call",
    "tools": "calls tools",
    "top_p": "takes top_p",
}


def _names(abilities: Iterable[str]) -> frozenset[str]:
    return frozenset(abilities)


def _known(_: object, __: object, abilities: frozenset[str]) -> None:
    unknown = sorted(abilities - set(get_args(Ability)))
    if unknown:
        msg = f"Unknown ability {unknown[0]!r}; the abilities are {', '.join(ABILITIES)}."
        raise ValueError(msg)


@frozen
class Subject:
    """A provider under test.

    Attributes:
        provider: The provider's id.
        model: The id of the model to call.
        wire: The protocol of its server, or `None` for a provider without a scripted one.
        abilities: Its abilities.
        api: The wire API to speak, for a provider id of the user's own.
        settings: Further settings of the provider in the configuration.
        environ: Further environment variables.
        recordings: A file or folder of recorded traffic, or `None`.
        embedding_model: The id of the embedding model.
    """

    provider: str
    model: str
    wire: Wire | None = None
    abilities: frozenset[str] = field(default=frozenset(), converter=_names, validator=_known)
    api: str | None = None
    settings: Mapping[str, Any] = field(factory=dict, repr=False)
    environ: Mapping[str, str] = field(factory=dict, repr=False)
    recordings: str | Path | None = None
    embedding_model: str = "kit-embedder"

    @property
    def embedding_ref(self) -> ModelRef:
        """The reference of the embedding model."""
        return ModelRef(self.provider, self.embedding_model)

    @property
    def ref(self) -> ModelRef:
        """The reference of the model to call."""
        return ModelRef(self.provider, self.model)

    def document(self, url: str, secret: str) -> dict[str, Any]:
        """A configuration in which the provider talks to the server at `url`."""
        own = dict(self.wire.settings(url, secret)) if self.wire is not None else {}
        if self.api is not None:
            own["api"] = self.api
        if self.wire is not None:
            kinds = ["text", "image"] if "images" in self.abilities else ["text"]
            thinks = bool(self.abilities & {"thinking", "reasoning"})
            own["models"] = [{"id": self.model, "input": kinds, "reasoning": thinks}]
        provider = {**own, **self.settings}
        return {"models": {"providers": {self.provider: provider}}} if provider else {}

    def variables(self, url: str, secret: str) -> dict[str, str]:
        """The environment of that configuration."""
        own = self.wire.environ(url, secret) if self.wire is not None else {}
        return {**own, **self.environ}
