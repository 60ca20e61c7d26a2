"""Control-plane calls: written and signed by boto3, carried by asyncio.

So a call that is cancelled, or takes too long, closes its socket, and no thread waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from modelwire.authoring import parse_json
from modelwire.errors import MalformedResponse
from modelwire.redaction import scrub
from modelwire.transport import Deadlines
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.aws.expired import with_fresh_credentials
from modelwire_bedrock.aws.logging import quiet
from modelwire_bedrock.aws.signing import prepare, transport_for
from modelwire_bedrock.errors import fault_of_response

if TYPE_CHECKING:
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["Operation", "call"]

Operation = Literal[
    "create_model_invocation_job",
    "get_inference_profile",
    "get_model_invocation_job",
    "list_foundation_models",
    "list_inference_profiles",
    "stop_model_invocation_job",
]

_DEADLINES = Deadlines(connect=10.0, first_byte=30.0, idle=30.0, total=30.0)
"""Limits where the transport gives none."""

_LARGEST = 16 * 1024 * 1024


async def call(
    operation: Operation,
    params: Mapping[str, Any],
    *,
    target: Target,
    clients: Clients,
    transport: Transport,
) -> dict[str, Any]:
    """Call the control plane.

    An answer that the credentials have expired makes it load them again and try once more.

    Args:
        operation: The method of boto3's client.
        params: Its arguments.
        target: The address and the identity.
        clients: The clients of the process.
        transport: What carries the request.

    Returns:
        The answer as botocore parses it.

    Raises:
        ProviderError: AWS refused or failed, or there are no credentials.
        RequestTimeout: It took longer than the transport allows, or than 30 seconds.
    """
    return await with_fresh_credentials(
        lambda: _call_once(operation, params, target, clients, transport),
        target=target,
        clients=clients,
    )


async def _call_once(
    operation: Operation,
    params: Mapping[str, Any],
    target: Target,
    clients: Clients,
    transport: Transport,
) -> dict[str, Any]:
    from asyncio import to_thread

    client = await clients.get("bedrock", target)
    await clients.fresh(client)
    request = await prepare(client, operation, params, target=target)
    carrier = transport_for(transport, target, request.url)
    provider = "amazon-bedrock"
    deadlines = carrier.deadlines.with_defaults(_DEADLINES)
    async with carrier.send(request, deadlines=deadlines, provider=provider) as response:
        if not 200 <= response.status < 300:
            fault = fault_of_response(
                response.status, response.headers, await response.read_error()
            )
            raise fault.error(provider=provider) from fault
        body = await response.read(limit=_LARGEST)
        headers = dict(response.headers)
        return await to_thread(_parse, client, operation, response.status, headers, body)


def _parse(
    client: Any, operation: Operation, status: int, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    from botocore.parsers import ResponseParserError, ResponseParserFactory

    model = client.meta.service_model
    shape = model.operation_model(client.meta.method_to_api_mapping[operation]).output_shape
    parser = ResponseParserFactory().create_parser(model.metadata["protocol"])
    try:
        # botocore takes a page of a proxy for an answer without members, as for an empty list.
        parse_json(body)
        with quiet():
            parsed: dict[str, Any] = parser.parse(
                {"status_code": status, "headers": headers, "body": body}, shape
            )
    except (ResponseParserError, TypeError, AttributeError, ValueError) as error:
        msg = f"The answer to {operation} is not what Bedrock's service model describes."
        raise MalformedResponse(msg, provider="amazon-bedrock", status=status) from scrub(error)
    return parsed
