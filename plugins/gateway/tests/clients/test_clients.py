"""The SDKs of others, unchanged: each has one conversation through every door that it knows.

They run with `MODELWIRE_FOREIGN_CLIENTS=1`, each in an environment of its own.
"""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from foreign_clients import every_client, node_with, python_with
from gateway_server import KEY, serving

from modelwire_bedrock.emulator import Text, Thinking, ToolUse

# The first run on a machine installs the packages.
pytestmark = [
    pytest.mark.timeout(600),
    every_client,
]

HERE = Path(__file__).parent
MODEL = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
THOUGHT = [Thinking("Hm.", signature="c2ln"), Text("Hi.")]
CALL = ToolUse("look", {"place": "Oslo"})
SAID = {
    "streamed": "Hi there.",
    "usage": True,
    "tool": "look",
    "after": "It is sunny.",
    "seen": "A pixel.",
}
SCRIPT = [
    THOUGHT,
    Text("Hi there.", ("Hi ", "there.")),
    CALL,
    Text("It is sunny."),
    Text("A pixel."),
]
"""The answers of one conversation, and what a client makes of them."""


async def run(command, gateway, home):
    """What a client's script prints."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "MODEL": MODEL,
        "EMBEDDING_MODEL": "amazon-bedrock/amazon.titan-embed-text-v2:0",
        "IMAGE": PIXEL,
        "OPENAI_BASE_URL": f"{gateway.url}/v1",
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": gateway.url,
        "ANTHROPIC_AUTH_TOKEN": KEY,
        "ANTHROPIC_BEDROCK_BASE_URL": gateway.url,
        "AWS_BEARER_TOKEN_BEDROCK": KEY,
        "AWS_REGION": "us-east-1",
    }
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, failed = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, failed.decode()[-3000:]
    return json.loads(said.splitlines()[-1])


@pytest.mark.parametrize(
    ("name", "doors", "rest"),
    [
        (
            "openai",
            {"chat": "Hm.", "responses": "Hm."},
            {"refused": ["model_not_found", "invalid_api_key"], "listed": True, "vector": 1024},
        ),
        (
            "anthropic",
            {"messages": "Hm.c2ln", "invoke": "Hm.c2ln"},
            {
                "refused": ["not_found_error", "authentication_error"],
                "listed": True,
                "counted": True,
            },
        ),
        ("vercel", {"chat": None, "responses": None, "messages": None}, {}),
    ],
)
async def test_a_client_has_its_conversation(name, doors, rest, emulator, tmp_path):
    wanted = HERE / f"{name}.txt"
    if name == "vercel":
        folder = node_with("gateway-vercel", wanted)
        shutil.copy(HERE / "vercel_client.mjs", folder)
        command = ["node", folder / "vercel_client.mjs"]
    else:
        command = [python_with(f"gateway-{name}", wanted), HERE / f"{name}_client.py"]
    for _ in doors:
        for answer in SCRIPT:
            emulator.answer(answer)
    async with serving(emulator, tmp_path) as gateway:
        answers = await run(command, gateway, tmp_path)
    shown = {"text": "Hi.", **SAID}
    assert answers == {
        **{door: shown | ({"thinking": t} if t else {}) for door, t in doors.items()},
        **rest,
    }
    sent = [
        request
        for request in emulator.requests
        if request.operation in ("Converse", "ConverseStream")
    ]
    for first in range(0, len(sent), len(SCRIPT)):
        *_, result, image = (
            each.parameters["messages"] for each in sent[first : first + len(SCRIPT)]
        )
        assert [next(iter(block)) for block in result[1]["content"]] == ["toolUse"]
        assert "toolResult" in result[2]["content"][0]
        assert any("image" in block for block in image[0]["content"])
