"""Request templates: what botocore's requests of one model have in common.

Of the work that botocore does for a request, most leads to the same each time: the endpoint, the
path, the user agent. A form keeps that. Arguments are still checked and written by botocore, and
signed by botocore's own signer, with the credentials as they are then.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from modelwire.transport import Request

__all__ = ["PUBLIC_HEADERS", "REQUEST_ID_HEADERS", "RequestTemplate"]

REQUEST_ID_HEADERS = ("x-amzn-requestid",)
"""Where AWS names a request in its response."""

PUBLIC_HEADERS = frozenset({"x-amz-date", "x-amzn-errortype", *REQUEST_ID_HEADERS})
"""Header fields of AWS that hold no secret: the time of a signature, the kind of an error, the id."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]*/\d{8}/([^/]+)/([^/]+)/aws4_request,")
_BY_THE_SIGNER = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})
_ABOUT_TRIES = "amz-sdk-"
_INVOCATION = "amz-sdk-invocation-id"


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
    url: str
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
        """Find the form of a request that botocore made, or `None` where it has none.

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
        signed, unsigned = dict[str, str](), dict[str, str]()
        for name, value in request.headers.items():
            if name.lower() not in _BY_THE_SIGNER:
                (unsigned if name.startswith(_ABOUT_TRIES) else signed)[name] = value
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

    def fill(self, params: Mapping[str, Any]) -> Request | None:
        """Make a request of other arguments, or `None` where they do not fit the form.

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
