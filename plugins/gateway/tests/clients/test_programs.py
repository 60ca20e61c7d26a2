"""Programs of others in front of the gateway: aider, and the command line of Continue.

They run with `MODELWIRE_FOREIGN_CLIENTS=1`, each in an environment of its own.
"""

from pathlib import Path

import pytest
from foreign_clients import every_client, node_with, python_with, run_program
from gateway_server import KEY, serving

from modelwire_bedrock.emulator import Text, ToolUse
from modelwire_gateway import Settings

# The first run on a machine installs the packages.
pytestmark = [
    pytest.mark.timeout(900),
    every_client,
    pytest.mark.extensive("it fills an environment for each program"),
]

HERE = Path(__file__).parent
SETTINGS = Settings(aliases={"claude-*": "amazon-bedrock/us.anthropic.claude-opus-5"})
FILE = "Here it is.\n\nhello.txt\n```\nHello from the gateway\n```\n"
CONTINUE = """\
name: modelwire
version: 1.0.0
schema: v1
models:
  - name: Claude
    provider: {provider}
    model: claude-opus-5
    apiBase: {url}/v1
    apiKey: {key}
    roles: [chat, edit, apply]
"""


@pytest.mark.parametrize(
    ("provider", "base", "key", "door"),
    [
        ("openai", "OPENAI_API_BASE", "OPENAI_API_KEY", "openai-completions"),
        ("anthropic", "ANTHROPIC_API_BASE", "ANTHROPIC_API_KEY", "anthropic-messages"),
    ],
)
async def test_aider_writes_a_file(emulator, tmp_path, provider, base, key, door):
    python = python_with("gateway-aider", HERE / "aider.txt")
    emulator.answer(Text(FILE), times=None)
    command = [python.parent / "aider", "--model", f"{provider}/claude-opus-5"]
    command += ["--edit-format", "whole", "--no-git", "--yes-always", "--no-check-update"]
    command += ["--no-show-model-warnings", "--message", "Write a greeting.", "hello.txt"]
    async with serving(emulator, tmp_path, settings=SETTINGS) as gateway:
        url = gateway.url + ("/v1" if provider == "openai" else "")
        said = await run_program(command, tmp_path, **{base: url, key: KEY})
        record = await gateway.record()
    assert "Applied edit to hello.txt" in said
    assert (tmp_path / "work/hello.txt").read_text() == "Hello from the gateway\n"
    assert (record.door, record.status, record.stream) == (door, 200, True)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_continue_runs_a_tool(emulator, tmp_path, provider):
    program = node_with("gateway-continue", HERE / "continue.txt")
    emulator.answer([Text("I will look."), ToolUse("Bash", {"command": "echo from-the-tool"})])
    emulator.answer(Text("All done here."), times=None)
    config = tmp_path / "config.yaml"
    command = [program / "node_modules/.bin/cn", "--print", "--auto", "--config", config]
    async with serving(emulator, tmp_path, settings=SETTINGS) as gateway:
        config.write_text(CONTINUE.format(provider=provider, url=gateway.url, key=KEY))
        said = await run_program(
            [*command, "Look around"], tmp_path, CONTINUE_TELEMETRY_ENABLED="0"
        )
    assert "All done here." in said
    assert "from-the-tool" in str(emulator.requests[-1].body)
