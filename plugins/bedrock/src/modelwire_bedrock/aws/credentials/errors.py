"""botocore's credential errors, as typed errors that name the command to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.errors import AuthenticationError, ConnectionFailed, ModelwireError
from modelwire_bedrock.aws.credentials.containers import NO_CREDENTIALS_HINT

if TYPE_CHECKING:
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["credential_error", "login_hint"]

_PROVIDER = "amazon-bedrock"
# Names of botocore's exceptions; some of them are younger than the oldest botocore that we take.
_SSO = ("SSOTokenLoadError", "SSOError", "UnauthorizedSSOTokenError", "TokenRetrievalError")
_LOGIN = (
    "LoginError",
    "LoginInsufficientPermissions",
    "LoginRefreshRequired",
    "LoginTokenLoadError",
)
_CONNECTION = ("ConnectionError", "HTTPClientError")


def credential_error(error: Exception, target: Target) -> ModelwireError:
    """Say what went wrong while credentials were loaded or renewed.

    The output of a `credential_process` is left out, since it may hold anything.
    """
    if isinstance(error, ModelwireError):
        return error
    kinds = {kind.__name__ for kind in type(error).__mro__}
    who = f"The profile {target.profile}" if target.profile else "The default AWS profile"
    if kinds & {*_CONNECTION}:
        msg = f"The source of the AWS credentials cannot be reached ({type(error).__name__})."
        return ConnectionFailed(msg, provider=_PROVIDER)
    message, hint = f"Loading the AWS credentials failed ({type(error).__name__}).", None
    if kinds & {*_SSO}:
        message = f"{who} is not logged in to SSO, or its session expired."
    elif kinds & {*_LOGIN}:
        message, hint = f"{who} is not logged in.", f"Run `aws login{_flag(target)}`."
    elif "NoCredentialsError" in kinds:
        message, hint = "No AWS credentials were found.", NO_CREDENTIALS_HINT
    elif "CredentialRetrievalError" in kinds:
        message, hint = _retrieval(error, who)
    elif "ClientError" in kinds:
        message, hint = _refusal(error)
    elif "BotoCoreError" in kinds and "ParamValidationError" not in kinds:
        message = f"The AWS credentials cannot be used: {error}"
    return AuthenticationError(message, provider=_PROVIDER, hint=hint or login_hint(target))


def login_hint(target: Target) -> str:
    """The command to run when credentials have expired."""
    from modelwire_bedrock.aws.credentials.shared_files import read_shared_files

    files = read_shared_files(target.environ)
    profile = files.profile(target.profile)
    if target.choice.kind == "bearer":
        return f"Set a new token ({target.choice.source})."
    if target.choice.kind == "keys":
        return f"Set new keys ({target.choice.source})."
    if "login_session" in profile:
        return f"Run `aws login{_flag(target)}`."
    name = target.profile or "default"
    for _ in range(8):
        source = profile.get("source_profile")
        if "sso_account_id" in profile or source is None or source == name:
            break
        name, profile = str(source), files.profile(str(source))
    if "sso_account_id" in profile:
        return f"Run `aws sso login --profile {name}`."
    return f"Check the AWS credentials with `aws sts get-caller-identity{_flag(target)}`."


def _retrieval(error: Exception, who: str) -> tuple[str, str | None]:
    details = getattr(error, "kwargs", {})
    method = details.get("provider")
    if method == "custom-process":
        message = f"{who} has a credential_process that failed or printed no credentials."
        return message, "Run the command by hand to see why."
    return f"No AWS credentials came from {method}: {details.get('error_msg')}", None


def _refusal(error: Exception) -> tuple[str, str]:
    error_body = getattr(error, "response", {}).get("Error", {})
    operation = getattr(error, "operation_name", "a call")
    message = f"AWS refused {operation}: {error_body.get('Code')}: {error_body.get('Message')}"
    hint = "Check the role's trust policy, and that the credentials behind it are still valid."
    return message, hint


def _flag(target: Target) -> str:
    return f" --profile {target.profile}" if target.profile else ""
