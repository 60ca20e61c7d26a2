"""Whose credentials are used, told without a secret."""

from __future__ import annotations

from collections.abc import Mapping

from modelwire.hookspecs import fingerprint
from modelwire_bedrock.credentials.choosing import Choice
from modelwire_bedrock.credentials.shared_files import SharedFiles

__all__ = ["identity_of"]

# Keys of a profile that change whose credentials it stands for.
_TELLING = ("role_arn", "sso_account_id", "sso_role_name", "aws_access_key_id", "login_session")


def identity_of(choice: Choice, files: SharedFiles, environ: Mapping[str, str]) -> str:
    """A name for whoever the chosen credentials belong to; lists of models are kept under it."""
    if choice.kind == "bearer":
        return f"bearer {fingerprint(choice.bearer_token or '')}"
    if choice.kind == "keys":
        return f"key {fingerprint(choice.access_key_id or '')}"
    if choice.kind == "none":
        return "anonymous"
    name = choice.profile or "default"
    said = [str(files.profile(name)[key]) for key in _TELLING if key in files.profile(name)]
    if not choice.in_config and "AWS_ROLE_ARN" in environ:
        said.append(environ["AWS_ROLE_ARN"])
    return f"profile {name} {fingerprint(' '.join(said))}" if said else f"profile {name}"
