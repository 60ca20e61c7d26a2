"""The check of this machine's clock, against the `Date` of the services that were reached."""

from __future__ import annotations

import asyncio

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding, State

__all__ = ["check_clock"]

_NAME = "clock"
_NOTICEABLE = 60.0
_FATAL = 300.0
"""Seconds after which signed requests are refused and certificates may seem to be not valid yet."""


async def check_clock(situation: DoctorContext) -> list[Finding]:
    """Compare the clocks. Of several services the nearest counts, since theirs may be wrong too."""
    found = await asyncio.gather(*map(situation.reached, situation.providers))
    skews = [
        reached.ahead for reached in found if reached is not None and reached.ahead is not None
    ]
    if not skews:
        text = "The clock was not compared: no service that reports the time was contacted."
        return [Finding(_NAME, "ok", text)]
    ahead = min(skews, key=abs)
    details = {"behindSeconds": round(ahead, 1)}
    if abs(ahead) < _NOTICEABLE:
        return [
            Finding(_NAME, "ok", "The clock agrees with the services' clocks.", details=details)
        ]
    way = "behind" if ahead > 0 else "ahead of"
    text = f"This machine's clock is {abs(ahead):.0f} seconds {way} the services' clocks."
    state: State = "problem" if abs(ahead) >= _FATAL else "warning"
    hint = "Set the clock, or use NTP; services refuse signed requests if it is wrong."
    return [Finding(_NAME, state, text, hint, details)]
