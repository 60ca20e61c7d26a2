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

__all__ = ["probe_credentials"]


def probe_credentials(
    status: CredentialStatus,
    ask: Callable[[Transport, Deadlines], Awaitable[object]],
    *,
    config: Config,
    timeout: float,
    otherwise: Literal["unknown", "unusable"] = "unknown",
) -> CredentialStatus:
    """Probe whether credentials work; for `detect_credentials` with `probe`.

    It blocks, and needs a thread without an event loop, like that of synchronous hooks.

    Args:
        status: The status as known without a probe.
        ask: Sends a small request that needs the credentials, such as one for the list of models,
            and raises on failure.
        config: The configuration, for its environment.
        timeout: The time limit in seconds.
        otherwise: The state of the credentials after an unrelated failure. A key that is
            valid may have met a service that is down; a server that needs no key and is down cannot
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
