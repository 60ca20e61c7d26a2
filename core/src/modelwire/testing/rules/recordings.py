"""Rules on recordings: real traffic is understood."""

from __future__ import annotations

import asyncio

from modelwire.errors import ProviderError
from modelwire.testing.bench import Bench
from modelwire.testing.checks import check
from modelwire.testing.recordings import Interaction
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.server import Reply

__all__ = ["ReplayingRules"]


class ReplayingRules(Rules):
    """Real answers of the service are understood."""

    @needs(WIRE)
    def test_recorded_traffic_is_understood(
        self, bench: Bench, modelwire_recording: Interaction
    ) -> None:
        """A recorded success is a whole answer, a recorded refusal a typed error."""
        recorded = modelwire_recording
        chunks = [data for _, data in recorded.chunks]
        reply = Reply(chunks, status=recorded.status, headers=recorded.headers)
        if recorded.method == "GET":
            bench.server.script(reply)
            error = asyncio.run(_list(bench))
        else:
            outcome = bench.ask(reply)
            error = outcome.error
            if recorded.status < 300:
                check(outcome.message.content, "the recorded answer says something")
        if recorded.status < 300:
            check(error is None, f"what was recorded as a success failed: {error!r}")
        else:
            check(
                isinstance(error, ProviderError),
                "a refusal is a typed error",
                found=f"found {error!r}",
            )
            status = error.status if isinstance(error, ProviderError) else None
            check(
                status == recorded.status,
                f"the status is {recorded.status}",
                found=f"found {status}",
            )


async def _list(bench: Bench) -> BaseException | None:
    try:
        await bench.discovered()
    except Exception as error:  # noqa: BLE001 - whatever the plugin lets out is judged
        return error
    return None
