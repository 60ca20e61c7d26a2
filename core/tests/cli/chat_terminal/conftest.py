"""`modelwire chat` in a real terminal, with a provider that does what the prompt asks for."""

import pytest
from terminal import Terminal

# Says what it was told, and does what its id or the prompt asks for.
TALKER = r"""
    import asyncio
    from pathlib import Path

    from modelwire import errors
    from modelwire.events import *
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.messages import StopReason, Text, Usage
    from modelwire.models import Model, Prices

    @hookimpl
    def detect_credentials(config):
        return CredentialStatus("usable")

    @hookimpl
    async def discover_models(provider):
        return [Model(provider.id, "priced", prices=Prices(1.0, 2.0)), Model(provider.id, "free")]

    def said(message):
        return "".join(block.text for block in message.content if isinstance(block, Text))

    @hookimpl
    async def stream_completion(model, context, config):
        last = context.messages[-1]
        text = said(last)
        yield UsageReport(Usage(10, 20))
        if text == "fail" and not Path("healed").exists():
            raise errors.Overloaded("The model is busy.", hint="Wait a little.")
        if text == "call":
            yield ToolCallStart(0, "c1", "shout")
            yield ArgumentsDelta(0, '{"word": "hey\\u001b[31m"}')
            yield BlockEnd(0)
            yield Stop(StopReason.TOOL_USE)
            return
        if text.startswith("think"):
            yield ThinkingDelta(0, "let me see")
            if text != "think on":
                yield BlockEnd(0)
        if text.startswith("markdown "):
            for word in text.removeprefix("markdown ").replace("|", "\n").split(" "):
                yield TextDelta(1, word + " ")
                await asyncio.sleep(0)
        elif text == "long":
            items = "".join(f"1. item{n} " + "of several words " * n + "\n" for n in range(30))
            code = "".join(f"code{n} = {n}\n" for n in range(80))
            for piece in (items + "\n```py\n" + code + "```\n").splitlines(keepends=True):
                yield TextDelta(1, piece)
                await asyncio.sleep(0.005)
        elif text.startswith("drip"):
            for number in range(60):
                yield TextDelta(1, f"drop{number} ")
                await asyncio.sleep(0.01)
            while not Path("go").exists():
                await asyncio.sleep(0.01)
            yield TextDelta(1, "and out.")
        else:
            count = len(context.messages)
            kinds = " ".join(type(block).__name__ for block in last.content)
            yield TextDelta(1, f"{model.id} was told {count}: {kinds} {text!r}")
            if context.system_prompt:
                yield TextDelta(1, f" under {context.system_prompt!r}")
        yield BlockEnd(1)
        yield Stop(StopReason.STOP)
"""


@pytest.fixture
def chat(program, site):
    site.install("talker", {"providers": {"talker": ""}}, TALKER)
    opened = []

    def start(*arguments, model="talker/priced", columns=80, rows=24, **environ):
        terminal = Terminal(
            [*program.command, "chat", *(("-m", model) if model else ()), *arguments],
            columns=columns,
            rows=rows,
            cwd=program.folder,
            env={**program.environ, "TERM": "xterm-256color", **environ},
        )
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()
