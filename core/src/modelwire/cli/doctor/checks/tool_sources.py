"""The check of the tool sources of the configuration, as MCP servers."""

from __future__ import annotations

import asyncio

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding
from modelwire.cli.text import counted
from modelwire.cli.tool_sources import installed_sources
from modelwire.errors import ModelwireError
from modelwire.registry import Claim
from modelwire.registry.loader import load_tool_sources
from modelwire.tools import ToolSource

__all__ = ["check_tool_sources"]

_NAME = "tools"


async def check_tool_sources(situation: DoctorContext) -> list[Finding]:
    """Ask each source for its tools, unless it is offline."""
    kinds = await asyncio.to_thread(installed_sources)
    findings = await asyncio.gather(
        *(_check_kind(kind, claim, situation) for kind, claim in kinds.items())
    )
    return [finding for found in findings for finding in found]


async def _check_kind(kind: str, claim: Claim, situation: DoctorContext) -> list[Finding]:
    try:
        loaded = await asyncio.to_thread(load_tool_sources, claim)
        sources = loaded.configured(situation.config)
    except ModelwireError as error:
        return [_problem(kind, error)]
    if situation.offline:
        return [
            Finding(_NAME, "ok", f"{kind} {name} was not contacted.", details={"source": name})
            for name in sources
        ]
    return await asyncio.gather(
        *(_ask(f"{kind} {name}", source, situation.timeout) for name, source in sources.items())
    )


async def _ask(name: str, source: ToolSource, timeout: float) -> Finding:
    try:
        async with asyncio.timeout(timeout):
            tools = await source.tools()
    except TimeoutError:
        text = f"{name} did not list its tools within {timeout:g} seconds."
        hint = "Give it more time with --timeout: some servers are downloaded at their first start."
        return Finding(_NAME, "problem", text, hint)
    except ModelwireError as error:
        return _problem(name, error)
    finally:
        await source.aclose()
    names = [tool.name for tool in tools]
    count = counted(len(names), "tool")
    return Finding(_NAME, "ok", f"{name} offers {count}.", details={"tools": names})


def _problem(name: str, error: ModelwireError) -> Finding:
    problems = getattr(error, "problems", ())
    text = "; ".join([str(error), *map(str, problems)])
    return Finding(_NAME, "problem", f"{name}: {text}", error.hint)
