"""The choice of credentials: which kind is configured, whether it works or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import evolve, field, frozen

from modelwire_bedrock.settings import AccessSettings

__all__ = ["CredentialChoice", "choose"]


@frozen
class CredentialChoice:
    """The credentials that will be used.

    Attributes:
        kind: `none` where the endpoint needs no credentials; `bearer`; static `keys`; a named
            `profile`; or the rest of the AWS `chain`.
        source: The source of the choice, such as `env: AWS_PROFILE`.
        profile: The profile, which also gives a region and endpoints when others bring the
            credentials; `None` for the default one.
        in_config: Whether the profile was named by the configuration; the keys and roles of the
            environment are then left out of the chain.
        bearer_token: For `bearer`.
        access_key_id: For `keys`.
        secret_access_key: For `keys`.
        session_token: For `keys`.
    """

    kind: Literal["none", "bearer", "keys", "profile", "chain"]
    source: str
    profile: str | None = None
    in_config: bool = False
    bearer_token: str | None = field(default=None, repr=False)
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)


def choose(access: AccessSettings, environ: Mapping[str, str]) -> CredentialChoice:
    """Choose by the one order that discovery, status and calls share.

    `AWS_BEDROCK_SKIP_AUTH=1`; what the configuration names (a bearer token, a pair of keys, a
    profile); `AWS_BEARER_TOKEN_BEDROCK`; the pair `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`;
    `AWS_PROFILE`; the rest of the chain.

    Args:
        access: The provider's configuration.
        environ: The variables, as `effective_environ` gives them.
    """
    variable = next((n for n in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if n in environ), None)
    profile = access.profile or (environ[variable] if variable else None)
    in_config = access.profile is not None
    choice = _without_profile(access, environ)
    if choice is None and in_config:
        choice = CredentialChoice("profile", "config: profile")
    choice = choice or _of_environment(environ)
    if choice is None:
        choice = CredentialChoice("chain", "aws-sdk default chain")
    if choice.kind == "chain" and variable:
        choice = CredentialChoice("profile", f"env: {variable}")
    if profile is None:
        return choice
    return evolve(choice, profile=profile, in_config=in_config)


def _without_profile(access: AccessSettings, environ: Mapping[str, str]) -> CredentialChoice | None:
    if environ.get("AWS_BEDROCK_SKIP_AUTH") == "1":
        return CredentialChoice("none", "env: AWS_BEDROCK_SKIP_AUTH")
    if access.bearer_token:
        return CredentialChoice("bearer", "config: apiKey", bearer_token=access.bearer_token)
    if access.access_key_id:
        return CredentialChoice(
            "keys",
            "config: accessKeyId + secretAccessKey",
            access_key_id=access.access_key_id,
            secret_access_key=access.secret_access_key,
            session_token=access.session_token,
        )
    return None


def _of_environment(environ: Mapping[str, str]) -> CredentialChoice | None:
    if token := environ.get("AWS_BEARER_TOKEN_BEDROCK", ""):
        return CredentialChoice("bearer", "env: AWS_BEARER_TOKEN_BEDROCK", bearer_token=token)
    if "AWS_ACCESS_KEY_ID" in environ:
        return CredentialChoice(
            "keys",
            "env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY",
            access_key_id=environ["AWS_ACCESS_KEY_ID"],
            secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
            session_token=environ.get("AWS_SESSION_TOKEN") or environ.get("AWS_SECURITY_TOKEN"),
        )
    return None
