"""The test suite of one provider, made from its declarations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from modelwire.testing.rules.answers import AnswerRules
from modelwire.testing.rules.auth import AuthRules
from modelwire.testing.rules.batch_jobs import BatchJobRules
from modelwire.testing.rules.cancellation import CancellingRules
from modelwire.testing.rules.credentials import DetectingRules
from modelwire.testing.rules.deadlines import WaitingRules
from modelwire.testing.rules.discovery import ListingRules
from modelwire.testing.rules.embeddings import EmbeddingRules
from modelwire.testing.rules.errors import FaultRules, RetryingRules
from modelwire.testing.rules.imports import LoadingRules
from modelwire.testing.rules.live import LiveRules
from modelwire.testing.rules.recordings import ReplayingRules
from modelwire.testing.rules.requests import AskingRules
from modelwire.testing.rules.secrets import SecrecyRules
from modelwire.testing.rules.thinking import ThinkingRules
from modelwire.testing.rules.tools import ToolRules
from modelwire.testing.rules.values import ValueRules
from modelwire.testing.subject import Ability, Subject
from modelwire.testing.wires import Wire

__all__ = ["provider_suite"]


def provider_suite(
    provider: str,
    *,
    wire: Wire | None = None,
    model: str = "kit-model",
    abilities: Iterable[Ability] = (),
    api: str | None = None,
    settings: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    recordings: str | Path | None = None,
    embedding_model: str = "kit-embedder",
) -> type:
    """Make the conformance tests of a provider: a class for pytest to collect.

        TestAcme = provider_suite("acme", wire=AcmeWire(), abilities={"tools", "max_tokens"})

    The plugin is found by its entry point, as in production, so it has to be installed. Rules on
    which others depend come first: the first failure is most likely the cause of the rest. A rule
    about an ability that is not declared is skipped, and the skip says so.

    Args:
        provider: The provider's id.
        wire: The protocol of the provider's server. Without one the provider itself is called, and
            the rules that need a scripted server are skipped.
        model: The id of the model to call.
        abilities: The provider's abilities; see `ABILITIES`.
        api: The wire API, where `provider` is an id of the user's own that names one.
        settings: Further settings under `models.providers.<provider>` in the configuration.
        environ: The environment variables; the provider sees no others.
        recordings: A file or folder of recorded traffic, to be replayed to the plugin.
        embedding_model: The id of the embedding model.

    Raises:
        ValueError: An ability does not exist.
    """
    subject = Subject(
        provider,
        model,
        wire,
        abilities,
        api,
        settings or {},
        environ or {},
        recordings,
        embedding_model,
    )
    rules = (
        LoadingRules,
        DetectingRules,
        ListingRules,
        AskingRules,
        AnswerRules,
        ThinkingRules,
        ToolRules,
        LiveRules,
        RetryingRules,
        FaultRules,
        ValueRules,
        EmbeddingRules,
        BatchJobRules,
        CancellingRules,
        WaitingRules,
        SecrecyRules,
        AuthRules,
        ReplayingRules,
    )
    doc = f"The conformance of the provider {provider}."
    # pytest runs what the last base class has first.
    return type("ProviderSuite", rules[::-1], {"subject": subject, "__doc__": doc})
