"""One answer over several requests: a refused request is retried in a reduced form.

Some refusals name what a plugin can leave out: thinking whose signature has become stale, an item
that the service has forgotten, streaming. Unless it is left out, the conversation would be refused
on every call. All other retries are the runtime's.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from attrs import evolve, frozen

from modelwire.authoring.translator import Translator
from modelwire.errors import ProviderError
from modelwire.events import Delta, Deltas, ResponseInfo, UsageReport
from modelwire.repair import Change
from modelwire.transport import drain

if TYPE_CHECKING:
    from modelwire.messages import Usage
    from modelwire.transport import Deadlines, Transport

__all__ = ["Call", "CallAttempt", "Remedy", "stream_call"]

E = TypeVar("E")


@frozen
class CallAttempt(Generic[E]):
    """One attempt at a call: a request that is ready to be sent, and the translator of its answer.

    Attributes:
        send: Sends the request within deadlines. It yields a `ResponseInfo` once the response has
            begun, and then wire events, grouped by arrival.
        translator: Translates these events.
    """

    send: Callable[[Deadlines], AsyncGenerator[ResponseInfo | Iterable[E], None]]
    translator: Translator[E]


class Call(Protocol):
    """A request for one answer, as planned by a plugin."""

    @property
    def changes(self) -> Sequence[Change]:
        """The differences between the request and the caller's input, in order."""

    async def attempt(self, transport: Transport) -> CallAttempt[Any]:
        """Prepare the request for sending over a transport, for example by signing it.

        Raises:
            ProviderError: There are no credentials, or they cannot be used.
        """


C = TypeVar("C", bound=Call)


@frozen
class Remedy(Generic[C]):
    """A way to reduce a refused request. It is tried once for an answer, unless `times` differs.

    Attributes:
        helps: Whether it may help against an error.
        change: Makes the call to send in place of the refused one; `None` where there is nothing to
            leave out.
        path: The part that it changes, in the caller's terms, as `messages`; empty where the
            changes of the changed call include it, so that no `retried` is reported beside them.
        reason: The reason, in one sentence.
        inform: Returns a call that knows the error for `change`, where the change depends on it.
        times: How often it is tried for an answer, each time for another error.
    """

    helps: Callable[[ProviderError], bool]
    change: Callable[[C], Awaitable[C | None]]
    path: str
    reason: str
    inform: Callable[[C, ProviderError], C] | None = None
    times: int = 1


async def stream_call(
    plan: Callable[[], Awaitable[C]],
    transport: Transport,
    deadlines: Deadlines,
    *,
    provider: str,
    model: str,
    remedies: Sequence[Remedy[C]] = (),
    explain: Callable[[C, ProviderError], None] | None = None,
    price: Callable[[Usage], Awaitable[Usage]] | None = None,
) -> AsyncGenerator[Deltas, None]:
    """Stream the answer to a call; the hook `stream_completion` for most plugins.

    The changes of the request come first, as diagnostics. Where a request is refused before any
    content, and a remedy helps that was not tried yet, the changed request is sent, after a
    diagnostic `retried`. Deltas before a fault are yielded before it is raised.

    Args:
        plan: Plans the call; called once, when the answer is first read. Its errors are raised.
        transport: The transport.
        deadlines: The limits on waiting. `total` counts from now on, over all requests.
        provider: The provider's id, for errors.
        model: The model id, for errors.
        remedies: The changes to try on a refused call; the first that helps is used.
        explain: Amends an error before it is raised, for example by a hint.
        price: Adds the cost to a usage that has none, as `with_cost` does; `None` where the model has
            prices, which the core applies.

    Raises:
        ProviderError: The service refused or failed, or the answer was interrupted.
    """
    remaining = _countdown(deadlines)
    call = await plan()
    untried: list[Remedy[C]] | None = None  # most calls need none
    reported: list[Change] = []
    while True:
        for change in _unreported(call.changes, reported):
            yield change.diagnostic()
        begun = False
        try:
            attempt = await call.attempt(transport)
            translator = attempt.translator
            arrivals = attempt.send(remaining())
            try:
                async for arrived in arrivals:
                    deltas: list[Delta] = []
                    fault = _translate(arrived, translator.feed, deltas)
                    if deltas:
                        begun = begun or _has_content(deltas)
                        # No step per delta: there are thousands of them before there is usage.
                        if price is not None and UsageReport in map(type, deltas):
                            await _price(deltas, price)
                        yield deltas
                    if fault is not None:
                        raise fault
                    if translator.ended:
                        await drain(arrivals)
                        break
            finally:  # as `aclosing` does, which takes longer
                await arrivals.aclose()
            translator.end()
            return
        except ProviderError as error:
            if untried is None:
                untried = [remedy for remedy in remedies for _ in range(remedy.times)]
            if begun or (found := await _find(untried, call, error)) is None:
                error.provider, error.model = error.provider or provider, error.model or model
                (explain or _leave)(call, error)
                raise
        remedy, call = found
        untried.remove(remedy)
        if remedy.path:
            yield Change("retried", remedy.path, remedy.reason).diagnostic()


def _translate(
    arrived: ResponseInfo | Iterable[E],
    feed: Callable[[Iterable[E], list[Delta]], None],
    deltas: list[Delta],
) -> ProviderError | None:
    """Append the deltas that arrived; the fault after them, if there is one."""
    if isinstance(arrived, ResponseInfo):
        deltas.append(arrived)
        return None
    try:
        feed(arrived, deltas)
    except ProviderError as fault:
        return fault
    return None


def _leave(_call: Call, _error: ProviderError) -> None:
    """Explain nothing."""


async def _price(deltas: list[Delta], price: Callable[[Usage], Awaitable[Usage]]) -> None:
    """Replace each report of usage without a cost."""
    for position, delta in enumerate(deltas):
        if type(delta) is UsageReport and delta.usage.cost is None:
            deltas[position] = UsageReport(await price(delta.usage))


def _unreported(changes: Sequence[Change], reported: list[Change]) -> list[Change]:
    """The changes that were not reported yet; marks them as reported."""
    new = [change for change in changes if change not in reported]
    reported += new
    return new


async def _find(
    remedies: Sequence[Remedy[C]], call: C, error: ProviderError
) -> tuple[Remedy[C], C] | None:
    """The remedy that helps against an error, and the call that it makes."""
    for remedy in remedies:
        if remedy.helps(error):
            informed = remedy.inform(call, error) if remedy.inform else call
            changed = await remedy.change(informed)
            return None if changed is None else (remedy, changed)
    return None


def _countdown(deadlines: Deadlines) -> Callable[[], Deadlines]:
    """Start the clock; the result gives the deadlines of a request sent now."""
    total = deadlines.total
    if total is None:
        return lambda: deadlines
    ends = time.monotonic() + total
    return lambda: evolve(deadlines, total=max(0.0, ends - time.monotonic()))


def _has_content(deltas: Iterable[Delta]) -> bool:
    return any(type(delta) is not ResponseInfo for delta in deltas)
