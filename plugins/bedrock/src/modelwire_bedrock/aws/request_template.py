"""Request templates: what botocore's requests of one model have in common.

Of the work that botocore does for a request, most leads to the same each time: the endpoint, the
path, the user agent. A template keeps that. Arguments are still checked and written by botocore, and
signed by botocore's own signer, with the credentials as they are then.

A later botocore may send a header field with another value in each request: a time, a count, a
checksum of the body. Repeated from a template it would be wrong. So a template is used only when
further requests of the client itself have shown that it holds.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field, frozen

from modelwire.redaction import url_repr
from modelwire.transport import Request
from modelwire_bedrock.errors import REQUEST_ID_HEADERS

__all__ = ["PUBLIC_HEADERS", "RequestTemplate", "TemplateTrial"]

PUBLIC_HEADERS = frozenset({"x-amz-date", "x-amzn-errortype", *REQUEST_ID_HEADERS})
"""Header fields of AWS that hold no secret: the time of a signature, the kind of an error, the id."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]*/\d{8}/([^/]+)/([^/]+)/aws4_request,")
_BY_THE_SIGNER = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})
_ABOUT_TRIES = "amz-sdk-"
_INVOCATION = "amz-sdk-invocation-id"
_DATE = "X-Amz-Date"
_APART = timedelta(seconds=2)
_STEADY = frozenset({"accept", "amz-sdk-request", "content-type", "user-agent"})
"""Header fields, in lower case, that are the same in all requests of a client."""


@frozen
class RequestTemplate:
    """A request of botocore, without what differs from one to the next.

    Attributes:
        method: The method of HTTP.
        url: The whole address.
        headers: The headers that are signed, besides those that signing adds.
        unsigned: The headers that botocore adds to a signed request.
        service: The name under which requests are signed.
        region: The region for which they are signed.
        operation: botocore's model of the operation.
        serializer: Writes the arguments.
        written: Where the serializer put what is not in the body.
        signer: botocore's signer of the client.
    """

    method: str
    url: str = field(repr=url_repr)
    headers: Mapping[str, str] = field(repr=False)
    unsigned: Mapping[str, str] = field(repr=False)
    service: str
    region: str
    operation: Any = field(repr=False)
    serializer: Any = field(repr=False)
    written: Any = field(repr=False)
    signer: Any = field(repr=False)

    @classmethod
    def of(
        cls, request: Request, client: Any, operation: str, params: Any, signer: Any
    ) -> RequestTemplate | None:
        """Find the template of a request that botocore made, or `None` where it has none.

        Only requests with a signature of version 4 have one, and none do in AWS Lambda, where
        botocore adds the trace of the present invocation.

        Args:
            request: The request.
            client: The client that made it.
            operation: The method of the client.
            params: Its arguments.
            signer: The client's signer, as botocore hands it to handlers of `before-sign`.
        """
        scope = _SCOPE.match(request.headers.get("Authorization", ""))
        if scope is None or signer is None or "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
            return None
        from botocore.serialize import create_serializer

        service = client.meta.service_model
        model = service.operation_model(client.meta.method_to_api_mapping[operation])
        protocol = getattr(service, "resolved_protocol", None) or service.metadata["protocol"]
        serializer = create_serializer(protocol, include_validation=False)
        written = serializer.serialize_to_request(dict(params), model)
        if written.pop("body") != request.body:
            return None
        signed, unsigned = _fields(request)
        return cls(
            request.method,
            request.url,
            signed,
            unsigned,
            service=scope[2],
            region=scope[1],
            operation=model,
            serializer=serializer,
            written=written,
            signer=signer,
        )

    def holds_for(self, request: Request) -> bool:
        """Whether another request that botocore made has this template, too."""
        method_and_url = (request.method, request.url) == (self.method, self.url)
        signed, unsigned = _fields(request)
        if _INVOCATION in unsigned and _INVOCATION in self.unsigned:
            unsigned[_INVOCATION] = self.unsigned[_INVOCATION]
        return method_and_url and (signed, unsigned) == (self.headers, self.unsigned)

    def fill(self, params: Mapping[str, Any]) -> Request | None:
        """Make a request of other arguments, or `None` where they do not fit the template.

        Raises:
            BotoCoreError: There are no credentials, or they cannot be used.
        """
        from botocore.awsrequest import AWSRequest
        from botocore.validate import ParamValidator

        if ParamValidator().validate(params, self.operation.input_shape).has_errors():
            return None
        written = self.serializer.serialize_to_request(dict(params), self.operation)
        body = written.pop("body")
        if written != self.written or not isinstance(body, bytes):
            return None
        signed = AWSRequest(self.method, self.url, headers=self.headers, data=body)
        self.signer.get_auth_instance(self.service, self.region, "v4").add_auth(signed)
        headers = {**dict(signed.headers.items()), **self.unsigned}
        if _INVOCATION in headers:
            headers[_INVOCATION] = str(uuid.uuid4())
        return Request(
            self.method,
            self.url,
            headers,
            body,
            public_headers=PUBLIC_HEADERS,
            request_id_headers=REQUEST_ID_HEADERS,
        )


def _fields(request: Request) -> tuple[dict[str, str], dict[str, str]]:
    """The header fields that are signed, without those of the signer, and those that are not."""
    signed, unsigned = dict[str, str](), dict[str, str]()
    for name, value in request.headers.items():
        if name.lower() not in _BY_THE_SIGNER:
            (unsigned if name.startswith(_ABOUT_TRIES) else signed)[name] = value
    return signed, unsigned


@define(eq=False)
class TemplateTrial:
    """A template, and what the client's own requests have shown of it.

    It is used after one more request of the client that it holds for. Where the requests have header
    fields that are not known to be steady, it has to hold for a request with another body, and for
    one that was signed some seconds later or earlier. A request that it does not hold for ends its use.

    Attributes:
        template: The template, or `None` where there is none to be used.
    """

    template: RequestTemplate | None
    _body: int
    _second: str | None
    _needed: set[str]

    @classmethod
    def begin(
        cls, template: RequestTemplate | None, first: Request, given: Iterable[str] = ()
    ) -> TemplateTrial:
        """Begin with the first request.

        Args:
            template: Its template, or `None` where it has none.
            first: The request.
            given: The names of the header fields that the caller gave.
        """
        signed, unsigned = _fields(first)
        steady = {*_STEADY, _INVOCATION, *(name.lower() for name in given)}
        odd = {name.lower() for name in (*signed, *unsigned)} - steady
        needed = {"another request", *(("another body", "another second") if odd else ())}
        return cls(template, hash(first.body), first.headers.get(_DATE), needed)

    def fill(self, params: Mapping[str, Any]) -> Request | None:
        """Make a request of other arguments; `None` where the client has to make it.

        Raises:
            BotoCoreError: There are no credentials, or they cannot be used.
        """
        return None if self.template is None or self._needed else self.template.fill(params)

    def compare(self, request: Request) -> None:
        """Compare the template with another request that the client made."""
        if self.template is None:
            return
        if not self.template.holds_for(request):
            self.template = None
            return
        self._needed.discard("another request")
        if hash(request.body) != self._body:
            self._needed.discard("another body")
        if _are_apart(self._second, request.headers.get(_DATE)):
            self._needed.discard("another second")


def _are_apart(date: str | None, other: str | None) -> bool:
    """Whether two dates of requests are two seconds apart, so that no time in them can be the same.

    A field may have been written in the second before the request was signed, so one is too little.
    """
    if date is None or other is None:
        return False
    first = datetime.fromisoformat(date)
    second = datetime.fromisoformat(other)
    return abs(second - first) >= _APART
