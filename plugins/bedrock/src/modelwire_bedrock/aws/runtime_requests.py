"""Requests to the Bedrock runtime: direct ones where that can be, else those of a boto3 client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelwire_bedrock.aws.direct_requests import direct_template, known_template
from modelwire_bedrock.aws.signing import is_large, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelwire.transport import Request
    from modelwire_bedrock.aws.clients import Clients
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["prepare_for_runtime"]


async def prepare_for_runtime(
    clients: Clients,
    operation: str,
    params: Mapping[str, Any],
    target: Target,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Write and sign the request of an operation, without sending it.

    Args:
        clients: Where clients and credentials come from.
        operation: The method of the client.
        params: Its arguments.
        target: The address and the identity of the request.
        headers: Further header fields; they are signed too.

    Raises:
        InvalidRequest: The arguments do not follow the service model; each place is named.
        ConfigError: The AWS configuration cannot be used.
        AuthenticationError: There are no credentials, or they cannot be used.
        ConnectionFailed: The source of the credentials cannot be reached.
    """
    request = None if headers else await _direct(clients, operation, params, target)
    if request is not None:
        return request
    client = await clients.get("bedrock-runtime", target)
    await clients.fresh(client)
    return await prepare(client, operation, params, target=target, headers=headers)


async def _direct(
    clients: Clients, operation: str, params: Mapping[str, Any], target: Target
) -> Request | None:
    model_id = params.get("modelId")
    template = known_template(target, operation, model_id) if type(model_id) is str else None
    large = is_large(params)
    if template is None or large:
        from asyncio import to_thread

        template = template or await to_thread(direct_template, target, operation, model_id)
        if template is None:
            return None
    keys = None
    if template.signature is not None:
        keys = (await clients.credentials(target)).get_frozen_credentials()
    if large:
        return await to_thread(template.fill, params, keys)
    return template.fill(params, keys)
