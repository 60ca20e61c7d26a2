"""Lists of the control plane that come in pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwire.errors import MalformedResponse
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.aws.control_plane import Operation, call

if TYPE_CHECKING:
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["all_pages"]

_MOST_PAGES = 200


async def all_pages(
    operation: Operation,
    key: str,
    params: Mapping[str, Any],
    target: Target,
    clients: Clients,
    transport: Transport,
) -> list[Mapping[str, Any]]:
    """Read every page of a list.

    Args:
        operation: The operation of the control plane.
        key: Where an answer has the entries.
        params: What the operation is called with.
        target: The address and the identity.
        clients: The clients of the process.
        transport: What carries the requests.

    Raises:
        ProviderError: AWS refused or failed, or there are no credentials.
    """
    items: list[Mapping[str, Any]] = []
    token: str | None = None
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = dict(params) if token is None else {**params, "nextToken": token}
        answer = await call(operation, page, target=target, clients=clients, transport=transport)
        items += answer.get(key) or []
        token = answer.get("nextToken") or None
        if token is None:
            return items
        if token in seen:
            break
        seen.add(token)
    msg = f"The pages of {operation} have no end."
    raise MalformedResponse(msg, provider="amazon-bedrock", retryable=False)
