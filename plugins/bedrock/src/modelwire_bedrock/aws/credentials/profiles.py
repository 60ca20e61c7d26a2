"""Profiles of the shared files, read in botocore's order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve

from modelwire_bedrock.aws.credentials.containers import inspect_container
from modelwire_bedrock.aws.credentials.environment import expand_path
from modelwire_bedrock.aws.credentials.shared_files import Section, SharedFiles
from modelwire_bedrock.aws.credentials.source import CredentialSource
from modelwire_bedrock.aws.credentials.tokens import inspect_login, inspect_sso

__all__ = ["inspect_profile", "inspect_web_identity"]


def inspect_profile(
    files: SharedFiles,
    name: str,
    environ: Mapping[str, str],
    now: datetime,
    *,
    passed: tuple[str, ...] = (),
) -> CredentialSource | None:
    """Look at a profile.

    Args:
        files: The shared files.
        name: The profile's name.
        environ: The variables, as `effective_environ` gives them.
        now: The time.
        passed: Profiles that led here by their `source_profile`.

    Returns:
        What was found, or `None` if the profile says nothing about credentials.
    """
    profile = files.profile(name)
    if "role_arn" in profile and "web_identity_token_file" not in profile:
        return _inspect_role(files, name, environ, now, passed)
    if "web_identity_token_file" in profile:
        token, role = profile["web_identity_token_file"], profile.get("role_arn")
        return inspect_web_identity(str(token), role, f"The profile {name}", environ)
    if "sso_account_id" in profile or "sso_role_name" in profile:
        return inspect_sso(files, name, environ, now)
    if "login_session" in profile and "aws_access_key_id" not in profile:
        return inspect_login(profile, name, environ)
    if "credential_process" in profile and "aws_access_key_id" not in profile:
        return CredentialSource("usable", "credential_process")
    return _inspect_keys(profile, name)


def inspect_web_identity(
    token_file: str, role: object, who: str, environ: Mapping[str, str]
) -> CredentialSource:
    """Look at the token file of a role, as EKS provides it."""
    method = "web identity"
    if not role:
        reason = f"{who} names a web identity token but no role."
        return CredentialSource(
            "unusable", method, reason, "Set AWS_ROLE_ARN, or role_arn in the profile."
        )
    path = expand_path(token_file, environ)
    try:
        readable = bool(path.read_bytes().strip())
    except OSError:
        readable = False
    if not readable:
        reason = f"The web identity token {path} cannot be read or is empty."
        return CredentialSource(
            "unusable", method, reason, "Check the pod's service account, or the path."
        )
    return CredentialSource("usable", method, details={"role": str(role)})


def _inspect_keys(profile: Section, name: str) -> CredentialSource | None:
    halves = ("aws_access_key_id", "aws_secret_access_key")
    present = [key for key in halves if str(profile.get(key, "")).strip()]
    if len(present) == 1:
        missing = next(key for key in halves if key not in present)
        reason = f"The profile {name} has {present[0]} but no {missing}."
        return CredentialSource(
            "unusable", "static keys", reason, f"Run `aws configure --profile {name}`."
        )
    return CredentialSource("usable", "static keys") if present else None


def _inspect_role(
    files: SharedFiles,
    name: str,
    environ: Mapping[str, str],
    now: datetime,
    passed: tuple[str, ...],
) -> CredentialSource:
    profile = files.profile(name)
    source, place = profile.get("source_profile"), profile.get("credential_source")
    if (source is None) == (place is None):
        problem = "both" if source else "neither"
        reason = f"The profile {name} has a role_arn, and {problem} source_profile"
        reason += f" {'and' if source else 'nor'} credential_source."
        return CredentialSource("unusable", "assumed role", reason, "Set exactly one of the two.")
    if "mfa_serial" in profile:
        reason = (
            f"The role of the profile {name} asks for an MFA code, which cannot be entered here."
        )
        hint = "Use `aws sso login`, or temporary keys from `aws sts get-session-token`."
        return CredentialSource("unusable", "assumed role", reason, hint)
    if place is not None:
        found = _inspect_place(str(place), name, environ)
    else:
        found = _inspect_source(files, name, str(source), environ, now, passed)
    role = {"role": str(profile["role_arn"])}
    return evolve(found, method=f"assumed role via {found.method}", details=role)


def _inspect_source(
    files: SharedFiles,
    name: str,
    source: str,
    environ: Mapping[str, str],
    now: datetime,
    passed: tuple[str, ...],
) -> CredentialSource:
    if source not in files.profiles:
        reason = f"The profile {name} names the source_profile {source}, which does not exist."
        return CredentialSource("unusable", f"profile {source}", reason, _profiles_hint(files))
    if source == name:
        found = _inspect_keys(files.profile(name), name)
    elif source in passed:
        loop = " -> ".join([*passed[passed.index(source) :], name, source])
        reason = f"The source_profile of {name} leads back to it: {loop}."
        return CredentialSource(
            "unusable", f"profile {source}", reason, "Let the chain end in keys or SSO."
        )
    else:
        found = inspect_profile(files, source, environ, now, passed=(*passed, name))
    if found is None:
        reason = f"The source_profile {source} of {name} holds no credentials."
        return CredentialSource("unusable", f"profile {source}", reason)
    return found


def _inspect_place(place: str, name: str, environ: Mapping[str, str]) -> CredentialSource:
    folded = place.lower()
    if folded == "environment":
        if "AWS_ACCESS_KEY_ID" in environ:
            return CredentialSource("usable", "environment")
        reason = f"The profile {name} takes its keys from the environment, which has none."
        hint = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        return CredentialSource("unusable", "environment", reason, hint)
    if folded == "ecscontainer":
        reason = f"The profile {name} takes its credentials from a container, and this is none."
        return inspect_container(environ) or CredentialSource("unusable", "container", reason)
    if folded == "ec2instancemetadata":
        reason = f"Only a probe can tell whether the instance metadata serve the profile {name}."
        return CredentialSource("unknown", "instance metadata", reason)
    reason = f"The profile {name} has the credential_source {place}, which does not exist."
    hint = "Use Environment, EcsContainer or Ec2InstanceMetadata."
    return CredentialSource("unusable", place, reason, hint)


def _profiles_hint(files: SharedFiles) -> str:
    names = ", ".join(sorted(files.profiles))
    return f"There are the profiles {names}." if names else f"{files.config_path} has no profiles."
