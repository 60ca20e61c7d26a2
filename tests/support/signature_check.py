"""The check of requests that are authorized for AWS, with botocore's own signer."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import define, field
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, SignedHeaders=(?P<signed>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_PREFIX = "bedrock-api-key-"


@define
class SignatureCheck:
    """Accounts that requests may be signed with.

    Attributes:
        keys: The secrets by their access key id, each with the session token that goes with it.
        tokens: Bearer tokens that are taken as they are.
        accepted: What each accepted request was authorized for, as `sigv4 bedrock us-east-1`.
    """

    keys: dict[str, tuple[str, str | None]] = field(factory=dict, repr=False)
    tokens: set[str] = field(factory=set, repr=False)
    accepted: list[str] = field(factory=list)

    def refusal(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> str | None:
        """Why a request is refused, in AWS's words; `None` for one that is in order.

        Args:
            method: The HTTP method.
            url: The absolute URL as the client wrote it.
            headers: The header fields, names in lower case.
            body: The body.
        """
        given = headers.get("authorization", "")
        if given.startswith("Bearer "):
            return self._refuse_token(given.removeprefix("Bearer "))
        match = _HEADER.fullmatch(given)
        secret, token = self.keys.get(match["key"], ("", None)) if match else ("", None)
        if match is None or not secret or headers.get("x-amz-security-token") != token:
            return "The security token included in the request is invalid."
        digest = hashlib.sha256(body).hexdigest()
        if headers.get("x-amz-content-sha256", digest) != digest:
            return "The provided 'x-amz-content-sha256' header does not match what was computed."
        signed = match["signed"].split(";")
        fields = {name: headers.get(name, "") for name in signed}
        expected = _signature(method, url, fields, body, Credentials(match["key"], secret), match)
        covered = {"host", "x-amz-date"} <= set(signed)
        if not covered or not hmac.compare_digest(expected, match["signature"]):
            return "The request signature we calculated does not match the signature you provided."
        self.accepted.append(f"sigv4 {match['service']} {match['region']}")
        return None

    def _refuse_token(self, token: str) -> str | None:
        if token in self.tokens:
            self.accepted.append("bearer")
            return None
        if not token.startswith(_PREFIX):
            return "Invalid API Key format: Must start with pre-defined prefix"
        presigned = base64.b64decode(token.removeprefix(_PREFIX)).decode()
        query = dict(parse_qsl(urlsplit(f"//{presigned}").query))
        key, _, region, service, _ = query["X-Amz-Credential"].split("/")
        if key not in self.keys or (query["Action"], query["Version"]) != (
            "CallWithBearerToken",
            "1",
        ):
            return "The API key is not valid."
        if query.get("X-Amz-Security-Token") != self.keys[key][1]:
            return "The API key is not valid."
        if not 0 < int(query["X-Amz-Expires"]) <= 43_200:
            return "The API key is not valid."
        self.accepted.append(f"minted {service} {region}")
        return None


def _signature(
    method: str,
    url: str,
    fields: Mapping[str, str],
    body: bytes,
    credentials: Any,
    match: re.Match[str],
) -> str:
    """The signature that botocore computes over the fields that the client says it has signed."""
    signer = SigV4Auth(credentials, match["service"], match["region"])
    request = AWSRequest(method, url, headers=fields, data=body)
    request.context["timestamp"] = fields.get("x-amz-date", "")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signed: str = signer.signature(text, request)
    return signed


def _presigned(url: str, credentials: Any, service: str, region: str) -> str:
    """The signature that botocore computes of a presigned URL without its signature."""
    signer = SigV4Auth(credentials, service, region)
    request = AWSRequest("POST", url, headers={"host": urlsplit(url).netloc}, data=b"")
    request.context["timestamp"] = dict(parse_qsl(urlsplit(url).query))["X-Amz-Date"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signed: str = signer.signature(text, request)
    return signed
