"""Credential probes: small requests that show whether credentials work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

from attrs import evolve

from modelwire.errors import AccessDenied, AuthenticationError, ConfigError, ModelwireError
from modelwire.hookspecs.credentials import CredentialStatus

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire.transport import Deadlines, Transport

__all__ = ["probed"]


def probed(
    status: CredentialStatus,
    ask: Callable[[Transport, Deadlines], Awaitable[object]],
    *,
    config: Config,
    timeout: float,
    otherwise: Literal["unknown", "unusable"] = "unknown",
) -> CredentialStatus:
    """Ask a service whether credentials work; for `detect_credentials`, where it is to probe.

    It blocks, and needs a thread without an event loop, as hooks that are no coroutines get.

    Args:
        status: What is known without asking.
        ask: Sends a small request that needs the credentials, as one for the list of models, and
            raises what went wrong.
        config: The configuration, for its environment.
        timeout: Seconds for all of it.
        otherwise: What the credentials are when something else than they went wrong. A key that is
            sound may have met a service that is down; a server that needs no key and is down cannot
            be used.

    Raises:
        ConfigError: A setting is not valid.
    """
    import asyncio

    try:
        asyncio.run(_ask(ask, config, timeout))
    except (AuthenticationError, AccessDenied) as error:
        return evolve(status, state="unusable", reason=error.message, hint=error.hint)
    except ConfigError:
        raise
    except ModelwireError as error:
        return evolve(status, state=otherwise, reason=error.message, hint=error.hint)
    details = {**status.details, "probed": "true"}
    return evolve(status, state="usable", reason=None, hint=None, details=details)


async def _ask(
    ask: Callable[[Transport, Deadlines], Awaitable[object]], config: Config, timeout: float
) -> None:
    from modelwire.transport import Deadlines, Transport

    deadlines = Deadlines(connect=timeout, first_byte=timeout, idle=timeout, total=timeout)
    async with Transport(environ=config.environ) as transport:
        await ask(transport, deadlines)
