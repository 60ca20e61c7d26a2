"""Paths of the OpenAI-shaped and Anthropic-shaped APIs at the two endpoints.

The runtime endpoint has `/openai/v1` and `/anthropic/v1`; the second endpoint, `bedrock-mantle`, has
`/v1` besides, for most models and for its list of models. AWS's user guide, "Endpoints supported by
Amazon Bedrock", and aws-samples/sample-per-model-bedrock, October 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import unquote

from attrs import frozen

__all__ = ["API_PATHS", "SERVICES", "ApiPath", "Endpoint", "find_api_path", "named_model"]

Endpoint = Literal["runtime", "mantle"]
"""`bedrock-runtime`, with the control plane, or `bedrock-mantle`."""

SERVICES: dict[Endpoint, tuple[str, ...]] = {
    "runtime": ("bedrock",),
    "mantle": ("bedrock-mantle", "bedrock"),
}
"""The service names of signatures that an endpoint accepts, the one that it asks for first.

`bedrock-mantle` accepts both: tested live in BerriAI/litellm#31476, July 2026."""


@frozen
class ApiPath:
    """One path of one endpoint.

    Attributes:
        endpoint: The endpoint.
        operation: The operation, such as `ChatCompletions`.
        method: The HTTP method.
        prefix: What its path begins with: `/openai/v1`, `/v1` or `/anthropic/v1`.
        path: The rest of it, such as `/responses`.
        name: The last segment of the path, where that names a model or a response.
    """

    endpoint: Endpoint
    operation: str
    method: str
    prefix: str
    path: str
    name: str = ""

    @property
    def shape(self) -> str:
        """The form of the bodies: `openai` or `anthropic`."""
        return "anthropic" if self.prefix.startswith("/anthropic") else "openai"

    def action(self, *, streams: bool) -> str:
        """The IAM action that a request needs; `bedrock:GetInvoke` as aws-samples has it."""
        if self.endpoint == "mantle":
            kind = "CreateInference" if self.method == "POST" else self.operation
            return f"bedrock-mantle:{kind}"
        if self.method != "POST":
            return f"bedrock:{'GetInvoke' if self.method == 'GET' else 'DeleteInvoke'}"
        return f"bedrock:InvokeModel{'WithResponseStream' if streams else ''}"

    @property
    def public_path(self) -> str:
        """The path as error messages name it, such as `/v1/responses`."""
        return f"/v1{self.path}"


_BOTH: tuple[Endpoint, ...] = ("runtime", "mantle")
_SECOND: tuple[Endpoint, ...] = ("mantle",)
_ROUTES: tuple[tuple[tuple[Endpoint, ...], str, str, str, str], ...] = (
    (_BOTH, "ChatCompletions", "POST", "/openai/v1", "/chat/completions"),
    (_BOTH, "Responses", "POST", "/openai/v1", "/responses"),
    (_BOTH, "Messages", "POST", "/anthropic/v1", "/messages"),
    (_BOTH, "GetResponse", "GET", "/openai/v1", "/responses/"),
    (_BOTH, "DeleteResponse", "DELETE", "/openai/v1", "/responses/"),
    (_SECOND, "CountMessageTokens", "POST", "/anthropic/v1", "/messages/count_tokens"),
    (_SECOND, "ChatCompletions", "POST", "/v1", "/chat/completions"),
    (_SECOND, "Responses", "POST", "/v1", "/responses"),
    (_SECOND, "GetResponse", "GET", "/v1", "/responses/"),
    (_SECOND, "DeleteResponse", "DELETE", "/v1", "/responses/"),
    (_SECOND, "ListModels", "GET", "/v1", "/models"),
    (_SECOND, "GetModel", "GET", "/v1", "/models/"),
)

API_PATHS = tuple(
    ApiPath(endpoint, operation, method, prefix, path)
    for endpoints, operation, method, prefix, path in _ROUTES
    for endpoint in endpoints
)
"""All paths; one that ends with a slash is followed by the id of a model."""


def find_api_path(endpoint: Endpoint, method: str, path: str) -> ApiPath | None:
    """The API of a request by its path as it was sent, or `None`."""
    for api in API_PATHS:
        if api.endpoint != endpoint or api.method != method:
            continue
        whole = api.prefix + api.path
        if path == whole and not whole.endswith("/"):
            return api
        if whole.endswith("/") and path.startswith(whole) and path != whole:
            name = unquote(path.removeprefix(whole))
            return ApiPath(endpoint, api.operation, method, api.prefix, api.path, name)
    return None


def named_model(api: ApiPath, body: Any) -> str | None:
    """The model that a request is for, before it is judged; `None` where it names none."""
    if api.name:
        return api.name if api.operation == "GetModel" else None
    model = body.get("model") if isinstance(body, Mapping) else None
    return model if isinstance(model, str) else None
