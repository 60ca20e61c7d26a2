"""Container and instance credentials: ECS, EKS Pod Identity, EC2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelwire_bedrock.aws.credentials.environment import expand_path
from modelwire_bedrock.aws.credentials.source import CredentialSource

__all__ = ["inspect_container", "inspect_instance"]

_FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - a variable's name

_FIRMWARE = Path("/sys")


def inspect_container(environ: Mapping[str, str]) -> CredentialSource | None:
    """Look for an endpoint that gives a container its credentials."""
    variable = next((name for name in (_RELATIVE, _FULL) if name in environ), None)
    if variable is None:
        return None
    source = f"env: {variable}"
    token = environ.get(_TOKEN_FILE)
    if token is not None and not expand_path(token, environ).is_file():
        reason = f"{_TOKEN_FILE} names {token}, which does not exist."
        return CredentialSource("unusable", "container", reason, source=source)
    return CredentialSource("usable", "container", source=source)


def inspect_instance(environ: Mapping[str, str], firmware: Path | None = None) -> CredentialSource:
    """Look whether the instance metadata service may bring credentials.

    No request is sent: off AWS that takes seconds. But the firmware of an EC2 instance says that it is
    one (AWS, "Detect whether a host is an EC2 instance").

    Args:
        environ: The variables, as `effective_environ` gives them.
        firmware: Where the kernel shows it; by default `/sys`.
    """
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        reason = "No AWS credentials were found, and AWS_EC2_METADATA_DISABLED is set."
        return CredentialSource("unusable", "none", reason, NO_CREDENTIALS_HINT)
    if _runs_on_ec2(firmware or _FIRMWARE):
        evidence = {"evidence": "the firmware says Amazon EC2; not probed"}
        return CredentialSource(
            "usable", "instance metadata", source="EC2 instance metadata", details=evidence
        )
    reason = "No AWS credentials were found; only a probe can tell whether this is an EC2 instance."
    return CredentialSource("unknown", "instance metadata", reason, NO_CREDENTIALS_HINT)


NO_CREDENTIALS_HINT = (
    "Set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run "
    "`aws configure sso`."
)


def _runs_on_ec2(firmware: Path) -> bool:
    vendor = _first_line(firmware / "class/dmi/id/sys_vendor")
    uuid = _first_line(firmware / "hypervisor/uuid")
    return vendor == "Amazon EC2" or uuid.lower().startswith("ec2")


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
