"""How `modelwire serve` ends while a stream is open."""

import asyncio
import json
import os
import signal
import sys
import time

import aiohttp
import pytest
from gateway_server import parsed

from modelwire_bedrock.emulator import Answer, Pacing, Text

MODEL = "amazon-bedrock/us.amazon.nova-lite-v1:0"
BODY = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": True}


async def started(emulator, home, *arguments):
    """The process, and the variables that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "modelwire", "serve", "--port", "0", *arguments,
        env={**emulator.environ(), "PATH": os.environ["PATH"], "HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    exports = {}
    while len(exports) < 4:
        line = (await process.stdout.readline()).decode()
        assert line, (await process.stderr.read()).decode()
        name, _, value = line.strip().removeprefix("export ").partition("=")
        exports[name] = value.strip("'")
    return process, exports


async def test_sigterm_lets_a_stream_end(emulator, tmp_path):
    emulator.answer(Answer(Text("abcde", tuple("abcde")), pacing=Pacing(between=0.4)))
    process, exports = await started(emulator, tmp_path)
    headers = {"Authorization": f"Bearer {exports['OPENAI_API_KEY']}"}
    url = exports["OPENAI_BASE_URL"] + "/chat/completions"
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(url, json=BODY) as answer:
            first = await answer.content.readany()
            process.send_signal(signal.SIGTERM)
            rest = await answer.read()
        assert rest.endswith(b"data: [DONE]\n\n")
        assert b'"content":"e"' in first + rest
    _said, failed = await process.communicate()
    assert process.returncode == 0, failed
    assert b"-> 200" in failed


@pytest.mark.extensive("it starts gateways as processes")
@pytest.mark.parametrize(
    ("number", "settings"), [(signal.SIGINT, {}), (signal.SIGTERM, {"drainSeconds": 1})]
)
async def test_a_stream_that_is_stopped_ends_with_an_error(emulator, tmp_path, number, settings):
    emulator.answer(Answer(Text("ab" * 50, ("ab",) * 50), pacing=Pacing(between=1)))
    config = tmp_path / "modelwire.json5"
    config.write_text(json.dumps({"plugins": {"entries": {"gateway": {"config": settings}}}}))
    process, exports = await started(emulator, tmp_path, "--config", str(config))
    headers = {"Authorization": f"Bearer {exports['OPENAI_API_KEY']}"}
    url = exports["OPENAI_BASE_URL"] + "/chat/completions"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=BODY) as answer,
    ):
        await answer.content.readany()
        process.send_signal(number)
        began = time.monotonic()
        rest = await answer.read()
    await process.communicate()
    assert process.returncode == 0
    assert time.monotonic() - began < 20  # the stream has fifty seconds to go
    events = parsed(rest.decode())
    assert "error" in events[-1][1]
    sent = emulator.requests[-1]
    await asyncio.to_thread(sent.wait, 10)
    assert sent.end == "client_left"
