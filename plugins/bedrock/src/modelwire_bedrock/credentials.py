"""Detection of AWS credentials: which would be used, and whether they work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import evolve

from modelwire.hookspecs import CredentialStatus
from modelwire.redaction import shown_url
from modelwire_bedrock.aws.credentials.choice import CredentialChoice
from modelwire_bedrock.aws.credentials.containers import inspect_container, inspect_instance
from modelwire_bedrock.aws.credentials.profiles import inspect_profile, inspect_web_identity
from modelwire_bedrock.aws.credentials.shared_files import SharedFiles, read_shared_files
from modelwire_bedrock.aws.credentials.source import CredentialSource, parse_time
from modelwire_bedrock.aws.endpoints import resolve_target

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["detect", "inspect", "unlisted"]


def detect(
    provider: ProviderConfig, config: Config, *, probe: bool = False, timeout: float = 5.0
) -> CredentialStatus:
    """Say which credentials would be used, and whether they would work.

    Args:
        provider: The provider's configuration.
        config: The whole configuration, for its environment.
        probe: Whether to load credentials as a call would, with the network where that needs it.
        timeout: Seconds that a probe may take.

    Raises:
        ConfigError: A setting is not valid.
    """
    target = resolve_target(None, None, provider, config)
    files = read_shared_files(target.environ)
    found = inspect(target.choice, files, target.environ, datetime.now(UTC))
    if probe and target.choice.kind in ("profile", "chain"):
        from modelwire_bedrock.aws.credentials.probe import probe_credentials

        found = probe_credentials(target, found, timeout)
    return _status(target, found)


def inspect(
    choice: CredentialChoice, files: SharedFiles, environ: Mapping[str, str], now: datetime
) -> CredentialSource:
    """Look at the chosen credentials without the network."""
    if choice.kind == "none":
        return CredentialSource("usable", "unsigned")
    if choice.kind == "bearer":
        return CredentialSource("usable", "bearer token")
    if choice.kind == "keys":
        return _inspect_keys(choice, environ, now)
    if files.problem:
        return CredentialSource(
            "unusable", "shared files", f"{files.problem}.", "Correct the file."
        )
    if choice.profile is not None and choice.profile not in files.profiles:
        names = ", ".join(sorted(files.profiles)) or "none"
        reason = f"There is no profile {choice.profile} in {files.config_path}"
        reason += f" or {files.credentials_path}."
        hint = f"Existing profiles: {names}. `aws configure --profile {choice.profile}` makes it."
        return CredentialSource("unusable", "profile", reason, hint)
    return _inspect_chain(choice, files, environ, now)


def _inspect_chain(
    choice: CredentialChoice, files: SharedFiles, environ: Mapping[str, str], now: datetime
) -> CredentialSource:
    name = choice.profile or "default"
    token_file = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    in_profile = inspect_profile(files, name, environ, now)
    if in_profile is not None and choice.profile is None:
        in_profile = evolve(in_profile, source="profile: default")
    # A role in the profile comes before the web identity of the environment, all else after it.
    if token_file and not choice.in_config and "role_arn" not in files.profile(name):
        role, who = environ.get("AWS_ROLE_ARN"), "The environment"
        found = inspect_web_identity(token_file, role, who, environ)
        return evolve(found, source="env: AWS_WEB_IDENTITY_TOKEN_FILE")
    return in_profile or inspect_container(environ) or inspect_instance(environ)


def _inspect_keys(
    choice: CredentialChoice, environ: Mapping[str, str], now: datetime
) -> CredentialSource:
    expires = None
    if choice.source.startswith("env:"):
        expires = parse_time(environ.get("AWS_CREDENTIAL_EXPIRATION"))
    if expires is not None and expires <= now:
        reason = f"The keys in the environment expired at {expires.isoformat()}."
        return CredentialSource("unusable", "keys", reason, "Export new ones.", expires_at=expires)
    return CredentialSource("usable", "keys", expires_at=expires)


def _status(target: Target, found: CredentialSource) -> CredentialStatus:
    details = {"region": target.region, "regionSource": target.region_source}
    if target.profile:
        details["profile"] = target.profile
    if target.endpoint_url:
        details["endpoint"] = shown_url(target.endpoint_url).partition("?")[0]
    if target.ca_bundle:
        details["caBundle"] = target.ca_bundle
    return CredentialStatus(
        state=found.state,
        source=found.source or target.choice.source,
        reason=found.reason,
        hint=found.hint,
        expires_at=found.expires_at,
        identity=target.identity,
        details={**details, "method": found.method, **found.details},
    )


def unlisted(status: CredentialStatus, provider_id: str) -> CredentialStatus:
    """The status of a provider that is not configured, and that is a second way to the same models.

    Its models are not listed then, so that users of the first provider have each of them once.
    """
    if status.state != "usable":
        return status
    return evolve(
        status,
        state="unknown",
        reason="its models are listed if the configuration has the provider",
        hint=f"Add models.providers.{provider_id} to the configuration, be it empty, to use it.",
    )
