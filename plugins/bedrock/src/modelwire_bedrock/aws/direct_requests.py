"""Direct requests: those of plain settings, written and signed without a boto3 client.

Making a client takes a tenth of a second and importing botocore as much again, for requests that
differ in little: an address, a path, and a body that is JSON. Where no setting can make them differ
in more, a template of them is made from botocore's data. Settings are compared with a list of those
that change nothing; with any other, and with arguments that botocore would refuse or write in
another form, a client of boto3 makes the request.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from attrs import frozen

from modelwire_bedrock.aws.credentials.shared_files import read_shared_files
from modelwire_bedrock.aws.input_check import Check, body_check
from modelwire_bedrock.aws.prepared_signature import PreparedSignature
from modelwire_bedrock.aws.request_template import RequestTemplate
from modelwire_bedrock.aws.service_data import endpoints, operation_of
from modelwire_bedrock.aws.service_hosts import is_loopback

if TYPE_CHECKING:
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["direct_template", "known_template"]

_SERVICE = "bedrock"
_FIELDS = {"Content-Type": "application/json", "User-Agent": "modelwire"}
_BEHIND_THE_SIGNATURE = {"amz-sdk-invocation-id": "", "amz-sdk-request": "attempt=1; max=1"}
_SIGNED = ("content-type", "host")

_VARIABLES = frozenset({
    "AWS_ACCESS_KEY_ID", "AWS_BEARER_TOKEN_BEDROCK", "AWS_BEDROCK_SKIP_AUTH", "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE", "AWS_CREDENTIAL_EXPIRATION", "AWS_DEFAULT_OUTPUT", "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_EC2_METADATA_V1_DISABLED", "AWS_ENDPOINT_URL",
    "AWS_EXECUTION_ENV", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_MAX_ATTEMPTS",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "AWS_METADATA_SERVICE_TIMEOUT", "AWS_PAGER", "AWS_PROFILE",
    "AWS_REGION", "AWS_RETRY_MODE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_SDK_LOAD_CONFIG",
    "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS", "AWS_VAULT", "AWS_WEB_IDENTITY_TOKEN_FILE",
})  # fmt: skip
_VARIABLES_LIKE = ("AWS_CONTAINER_", "AWS_ENDPOINT_URL_")
_OF_PROFILE = frozenset({
    "aws_access_key_id", "aws_account_id", "aws_secret_access_key", "aws_session_token", "ca_bundle",
    "cli_pager", "credential_process", "credential_source", "duration_seconds", "endpoint_url",
    "external_id", "ignore_configured_endpoint_urls", "login_session", "max_attempts", "mfa_serial",
    "output", "region", "retry_mode", "role_arn", "role_session_name", "services", "source_profile",
    "sso_account_id", "sso_region", "sso_registration_scopes", "sso_role_name", "sso_session",
    "sso_start_url", "sts_regional_endpoints", "web_identity_token_file",
})  # fmt: skip
"""Settings that choose the credentials, the region, or an address, all of which a target has; and such
as are not for requests."""

_ADDRESS = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(/[A-Za-z0-9_-]+)*/?")


@frozen
class _OperationTemplate:
    """The common part of an operation's requests, wherever they are sent."""

    method: str
    before: str
    argument: str
    behind: str
    check: Check
    not_in_body: frozenset[str]


def known_template(target: Target, operation: str, model_id: str) -> RequestTemplate | None:
    """The template of earlier requests, if there is one; reads no file.

    Args:
        target: The address and the identity of the request.
        operation: The method of the client, such as `converse_stream`.
        model_id: The model in the path.
    """
    return _known.get((target, operation, model_id))


def direct_template(target: Target, operation: str, model_id: object) -> RequestTemplate | None:
    """Find the template of a target's requests to a model; reads files the first time.

    Args:
        target: The address and the identity of the request.
        operation: The method of the client, such as `converse_stream`.
        model_id: The model in the path.

    Returns:
        The template; `None` where a client of boto3 has to make the requests.
    """
    common = _operation_template(operation)
    address = _address(target)
    if common is None or address is None or type(model_id) is not str or not model_id:
        return None
    template = _template(target, common, address, model_id)
    if len(_known) >= _MOST:
        _known.clear()
    _known[target, operation, model_id] = template
    return template


_MOST = 256
_known: dict[tuple[Target, str, str], RequestTemplate] = {}


def _template(
    target: Target, common: _OperationTemplate, address: str, model_id: str
) -> RequestTemplate:
    path = f"{common.before}{quote(model_id, safe='-._~')}{common.behind}"
    url = f"{address.removesuffix('/')}{path}"
    headers = dict(_FIELDS)
    signature = None
    if target.bearer_token is not None:
        headers["Authorization"] = f"Bearer {target.bearer_token}"
    elif not target.skip_auth:
        signature = PreparedSignature.covering(
            _SIGNED, common.method, url, headers, target.region, _SERVICE
        )
    return RequestTemplate(
        common.method,
        url,
        headers,
        _BEHIND_THE_SIGNATURE,
        signature=signature,
        check=common.check,
        elsewhere={common.argument: model_id},
        not_in_body=common.not_in_body,
    )


@lru_cache(maxsize=8)
def _operation_template(operation: str) -> _OperationTemplate | None:
    found = operation_of(operation)
    checked = body_check(found.shape) if found is not None else None
    if found is None or checked is None:
        return None
    return _OperationTemplate(found.method, found.before, found.argument, found.behind, *checked)


@lru_cache(maxsize=64)
def _address(target: Target) -> str | None:
    """Where the runtime is, if nothing else about a request depends on the settings."""
    if target.use_fips or target.use_dual_stack or not _is_plain(target):
        return None
    known = endpoints()
    if not known.lists(target.region):
        return None
    if target.endpoint_url is None:
        return known.url(target.region)
    if not known.has_rule or not _ADDRESS.fullmatch(target.endpoint_url):
        return None
    is_safe = target.endpoint_url.startswith("https:") or is_loopback(target.endpoint_url)
    return target.endpoint_url if is_safe or target.bearer_token is None else None


def _is_plain(target: Target) -> bool:
    files = read_shared_files(target.environ)
    sections = (files.profile(target.profile), files.profile(None))
    named = {
        name
        for name in target.environ
        if name.startswith("AWS_") and not name.startswith(_VARIABLES_LIKE)
    }
    return (
        named <= _VARIABLES
        and all(set(section) <= _OF_PROFILE for section in sections)
        # In AWS Lambda botocore adds the trace of the present invocation.
        and "AWS_LAMBDA_FUNCTION_NAME" not in os.environ
        # There, a user may keep other descriptions of services. `Path` would raise without a home.
        and not Path(os.path.expanduser("~/.aws/models")).exists()  # noqa: PTH111
    )
