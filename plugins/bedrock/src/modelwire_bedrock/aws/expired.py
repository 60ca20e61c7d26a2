"""Expired credentials: a call that AWS refused for them, once more with others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from modelwire.errors import ModelwireError
from modelwire_bedrock.errors import ServiceFault

if TYPE_CHECKING:
    from modelwire_bedrock.aws.clients import Clients
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["is_expired", "with_fresh_credentials"]

T = TypeVar("T")


def is_expired(error: ModelwireError) -> bool:
    """Whether AWS refused a call because its credentials have expired."""
    fault = error.__cause__
    return isinstance(fault, ServiceFault) and fault.is_expired_token


async def with_fresh_credentials(
    call: Callable[[], Awaitable[T]], *, target: Target, clients: Clients
) -> T:
    """Call AWS, and once more with credentials that are loaded again where they had expired.

    Args:
        call: Signs a request, and sends it.
        target: The address and the identity.
        clients: The clients of the process.

    Raises:
        ModelwireError: What the call raised; where they have expired again, its hint says how to log
            in.
    """
    try:
        return await call()
    except ModelwireError as error:
        if not is_expired(error):
            raise
    await clients.forget(target)
    try:
        return await call()
    except ModelwireError as error:
        if is_expired(error):
            from modelwire_bedrock.aws.credentials.errors import login_hint

            error.hint = login_hint(target)
        raise
