"""Readiness of the engine and the weights, as `detect_credentials` reports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.errors import PluginError
from modelwire.hookspecs import CredentialStatus
from modelwire_local import models as embedded
from modelwire_local.discovery import configured_models
from modelwire_local.requirements import engine_version, find_obstacle, import_engine

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig

__all__ = ["check_readiness"]

_SOURCE = "none needed"


def check_readiness(provider: ProviderConfig, *, probe: bool) -> CredentialStatus:
    """Look for the engine, the processor's features and the weights.

    Args:
        provider: The provider.
        probe: Whether to import the engine as well.
    """
    obstacle = find_obstacle()
    if obstacle is not None:
        return CredentialStatus("unusable", reason=obstacle.reason, hint=obstacle.hint)
    if probe:
        try:
            import_engine()
        except PluginError as error:
            return CredentialStatus("unusable", reason=error.message, hint=error.hint)
    weights = embedded.find_weights()
    own = configured_models(provider)
    details = {
        "engine": f"xllamacpp {engine_version() or 'of unknown version'}",
        "embedded": str(weights) if weights is not None else "not installed",
    } | {f"file of {model.id}": model.extra["path"] for model in own}
    if weights is None and not own:
        return CredentialStatus(
            "unusable",
            reason=f"The weights of {embedded.MODEL_ID} are not installed.",
            hint=embedded.INSTALL_HINT,
            details=details,
        )
    return CredentialStatus("usable", source=_SOURCE, details=details)
