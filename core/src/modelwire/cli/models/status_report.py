"""The report of `modelwire models status`: which models and credentials would be used."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, evolve, field

from modelwire.cli.model_check import check_reference
from modelwire.config.model_choice import overriding_agents
from modelwire.errors import ModelwireError, NotFound, PluginError, UnknownModel
from modelwire.hookspecs import CredentialStatus
from modelwire.models import ModelRef
from modelwire.runtime import Runtime
from modelwire.runtime.resolver import default_ref
from modelwire.transport import Deadlines

__all__ = ["Choice", "Status", "credentials_to_json", "find_status", "verdict"]

_EXPIRES_SOON = timedelta(hours=1)
_AT_ONCE = 2
_GRACE = 1.0


@define
class Choice:
    """A model that the configuration names.

    Attributes:
        role: `primary`, `fallback#1` and so on, or `default` where nothing is configured.
        named: The text in the configuration.
        ref: The reference that it resolves to, or `None`.
        error: Why it cannot be used.
        code: The kind of the error; `ok` where a tiny request was answered.
        hint: What to do about the error.
        seconds: How long a tiny request took, where one was sent.
    """

    role: str
    named: str
    ref: ModelRef | None = None
    error: str | None = None
    code: str | None = None
    hint: str | None = None
    seconds: float | None = None

    def fail(self, error: ModelwireError) -> None:
        """Record why the model cannot be used."""
        self.error, self.code, self.hint = str(error), error.code, error.hint

    def to_json(self) -> dict[str, Any]:
        """The choice for programs."""
        return {
            "role": self.role,
            "named": self.named,
            "resolved": str(self.ref) if self.ref else None,
            "status": self.code,
            "error": self.error,
            "hint": self.hint,
            "seconds": self.seconds,
        }


@define
class Status:
    """The models and credentials that would be used.

    Attributes:
        config: The configuration file, or `None`.
        choices: The primary model and its fallbacks.
        aliases: The references behind short names.
        overrides: Paths of agents' own models, which the default does not reach.
        providers: The state of each provider's credentials.
    """

    config: str | None
    choices: list[Choice] = field(factory=list)
    aliases: dict[str, str] = field(factory=dict)
    overrides: list[str] = field(factory=list)
    providers: dict[str, CredentialStatus] = field(factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The whole for programs."""
        primary, *fallbacks = self.choices
        return {
            "configPath": self.config,
            "defaultModel": primary.named if primary.role == "primary" and primary.ref else None,
            "resolvedDefault": str(primary.ref) if primary.ref else None,
            "fallbacks": [str(item.ref) if item.ref else item.named for item in fallbacks],
            "models": [choice.to_json() for choice in self.choices],
            "aliases": self.aliases,
            "overrides": self.overrides,
            "providers": {
                name: credentials_to_json(found) for name, found in self.providers.items()
            },
        }


def credentials_to_json(status: CredentialStatus) -> dict[str, Any]:
    """The state of credentials for programs. There is no secret in it."""
    return {
        "state": status.state,
        "source": status.source,
        "reason": status.reason,
        "hint": status.hint,
        "expiresAt": status.expires_at.isoformat() if status.expires_at else None,
        "details": status.details,
    }


async def find_status(runtime: Runtime, *, probe: bool, timeout: float) -> Status:
    """Find out what would be used.

    Args:
        runtime: Whose configuration and plugins are looked at.
        probe: Load the credentials as a call would, and send each model one tiny request.
        timeout: Seconds for each of these.
    """
    config = runtime.config
    status = Status(
        str(config.path) if config.path else None,
        await asyncio.to_thread(_choices, runtime),
        dict(sorted(config.aliases().items())),
        overriding_agents(config.document),
    )
    in_use = {choice.ref.provider for choice in status.choices if choice.ref is not None}
    configured = {runtime.registry.canonical(name) for name in config.models.providers}
    gate = asyncio.Semaphore(_AT_ONCE)

    async def detect(name: str) -> None:
        async with gate:
            found = await _credentials(runtime, name, probe=probe and name in in_use, wait=timeout)
        if name in in_use | configured or found.state == "usable":
            status.providers[name] = found

    async def send(choice: Choice) -> None:
        async with gate:
            await _probe(runtime, choice, timeout)

    async with asyncio.TaskGroup() as group:
        for name in sorted(in_use | set(runtime.catalog.provider_ids)):
            group.create_task(detect(name))
        for choice in status.choices if probe else ():
            if choice.ref is not None and choice.error is None:
                group.create_task(send(choice))
    return evolve(status, providers=dict(sorted(status.providers.items())))


def verdict(status: Status, now: datetime | None = None) -> int:
    """The exit status of `--check`: 0 all is well, 1 something is missing, 2 it expires soon."""
    now = now or datetime.now(UTC)
    used = [status.providers[choice.ref.provider] for choice in status.choices if choice.ref]
    if not used or any(choice.error for choice in status.choices):
        return 1
    if any(found.state != "usable" for found in used):
        return 1
    expiries = [found.expires_at for found in used if found.expires_at is not None]
    if any(expiry <= now for expiry in expiries):
        return 1
    return 2 if any(expiry - now < _EXPIRES_SOON for expiry in expiries) else 0


async def _credentials(
    runtime: Runtime, name: str, *, probe: bool, wait: float
) -> CredentialStatus:
    """Ask a plugin for its credentials; one that takes longer than it may is not waited for."""
    query = asyncio.to_thread(runtime.catalog.credentials, name, probe=probe, timeout=wait)
    try:
        return await asyncio.wait_for(query, wait + _GRACE)
    except TimeoutError:
        reason = f"its plugin did not answer within {wait + _GRACE:g} seconds"
        return CredentialStatus("unknown", reason=reason)


def _choices(runtime: Runtime) -> list[Choice]:
    chosen = runtime.config.agents.defaults.model
    named = [("primary", chosen.primary)] if chosen.primary else []
    named += [(f"fallback#{n}", text) for n, text in enumerate(chosen.fallbacks, start=1)]
    choices = [Choice(role, text) for role, text in named]
    if not chosen.primary:
        try:
            choices.insert(0, Choice("default", str(default_ref(runtime.config, runtime.registry))))
        except ModelwireError as error:
            missing = Choice("primary", "-")
            missing.fail(error)
            choices.insert(0, missing)
    for choice in choices:
        if choice.error is None:
            _resolve(runtime, choice)
    return choices


def _resolve(runtime: Runtime, choice: Choice) -> None:
    checked = check_reference(runtime.config, runtime.registry, choice.named)
    choice.ref = checked.ref
    if checked.problem is not None:
        choice.error, choice.hint = checked.problem, checked.hint
        choice.code = UnknownModel.code if checked.ref is None else PluginError.code
        if checked.absent:
            choice.code = NotFound.code


async def _probe(runtime: Runtime, choice: Choice, timeout: float) -> None:
    began = time.monotonic()
    try:
        await runtime.complete(
            "Reply with: ok",
            model=choice.ref,
            max_tokens=16,
            deadlines=Deadlines(total=timeout),
        )
    except ModelwireError as error:
        choice.fail(error)
    else:
        choice.code = "ok"
        choice.seconds = time.monotonic() - began
