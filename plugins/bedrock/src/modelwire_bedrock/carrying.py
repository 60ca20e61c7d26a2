"""Getting a signed request ready to be carried, and choosing what carries it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from modelwire_bedrock.signing import is_ready, sign

if TYPE_CHECKING:
    from modelwire.transport import Request, Transport
    from modelwire_bedrock.endpoints import Target

__all__ = ["Operation", "prepare", "transport_for"]

Operation = Literal["converse_stream", "converse"]

_LARGE = 64 * 1024
"""Characters of parameters from which on a request is prepared off the event loop.

A small request takes half a millisecond the first time and a fifth of one after that, and one of 400 KB
5 to 10.
"""
_NODE = 16
"""What an item costs besides its text, in the same measure."""


async def prepare(
    client: Any,
    operation: str,
    params: Mapping[str, Any],
    *,
    target: Target,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Have boto3 write and sign the request of an operation, without sending it.

    Small requests are prepared where this is called, since handing them to a thread costs more. The
    first of its kind from a client, for which botocore reads more of its files, and large ones are
    prepared in a thread.

    Args:
        client: A boto3 client, which may be shared between threads.
        operation: The method of the client.
        params: Its arguments.
        target: As whom the client signs, for errors.
        headers: Further header fields; they are signed too.

    Raises:
        InvalidRequest: The arguments do not follow the service model; each place is named.
        ConfigError: botocore finds no endpoint.
        AuthenticationError: There are no credentials, or they cannot be used.
    """
    if is_ready(client, operation) and not _is_large(params):
        return sign(client, operation, params, target, headers)
    from asyncio import to_thread

    return await to_thread(sign, client, operation, params, target, headers)


def transport_for(shared: Transport, target: Target, url: str) -> Transport:
    """The transport to use: `shared`, or one that trusts the AWS settings' own certificates.

    `AWS_CA_BUNDLE` and `ca_bundle` of a profile hold for AWS only, so the transport that all
    providers share cannot take them over.
    """
    if target.ca_bundle is None or not url.startswith("https:"):
        return shared
    return shared.trusting(target.ca_bundle)


def _is_large(params: Any) -> bool:
    """Whether parameters have many characters; looks at no more than decides it."""
    room = _LARGE
    rest = [params]
    while rest:
        value = rest.pop()
        room -= _NODE
        if isinstance(value, str | bytes):
            room -= len(value)
        elif isinstance(value, Mapping):
            rest.extend(value.values())
        elif isinstance(value, list | tuple):
            rest.extend(value)
        if room < 0:
            return True
    return False
