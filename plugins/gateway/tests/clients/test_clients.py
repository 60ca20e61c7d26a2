"""The SDKs of others, unchanged: each has one conversation through every door that it knows.

They run with `MODELWIRE_FOREIGN_CLIENTS=1`, each in an environment of its own: in front of the emulator,
which answers by a script, and in front of a real small model, in this process and on llama.cpp's server.
"""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from chat_templates import TOOLS_TEMPLATE
from foreign_clients import every_client, node_with, python_with
from gateway_server import KEY, running, serving
from llama_server import start_llama

from modelwire.runtime import Runtime
from modelwire_bedrock.emulator import Text, Thinking, ToolUse

# The first run on a machine installs the packages.
pytestmark = [
    pytest.mark.timeout(600),
    every_client,
    pytest.mark.extensive("it fills an environment for each client"),
]

HERE = Path(__file__).parent
MODEL = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
THOUGHT = [Thinking("Hm.", signature="c2ln"), Text("Hi.")]
CALL = ToolUse("look", {"place": "Oslo"})
SAID = {
    "text": "Hi.",
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

REFUSED = {
    "openai": ["model_not_found", "invalid_api_key"],
    "anthropic": ["not_found_error", "authentication_error"],
    "vercel": ["404 invalid_request_error", "404 invalid_request_error", "404 not_found_error"],
    "langchain": [
        "OpenAIModelNotFoundError",
        "OpenAIModelNotFoundError",
        "AnthropicModelNotFoundError",
        "ResourceNotFoundException",
    ],
}
"""What clients make of a model that there is not, and some of a wrong key."""

NAMES = {
    "chat": ("openai", "vercel"),
    "responses": ("openai", "vercel"),
    "messages": ("anthropic", "vercel"),
    "invoke": ("anthropic",),
}
"""Doors, and the clients that know them."""


async def run(name, gateway, home, **variables):
    """What a client's script prints."""
    wanted = HERE / f"{name}.txt"
    if name == "vercel":
        folder = await asyncio.to_thread(node_with, "gateway-vercel", wanted)
        shutil.copy(HERE / "vercel_client.mjs", folder)
        command = ["node", folder / "vercel_client.mjs"]
    else:
        python = await asyncio.to_thread(python_with, f"gateway-{name}", wanted)
        command = [python, HERE / f"{name}_client.py"]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "IMAGE": PIXEL,
        "OPENAI_BASE_URL": f"{gateway.url}/v1",
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": gateway.url,
        "ANTHROPIC_AUTH_TOKEN": KEY,
        "ANTHROPIC_BEDROCK_BASE_URL": gateway.url,
        "AWS_BEARER_TOKEN_BEDROCK": KEY,
        "AWS_REGION": "us-east-1",
        **variables,
    }
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, failed = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode == 0, failed.decode()[-3000:]
    return json.loads(said.splitlines()[-1])


@pytest.mark.parametrize(
    ("name", "thinking", "rest"),
    [
        ("openai", {"chat": "Hm.", "responses": "Hm."}, {"listed": True, "vector": 1024}),
        (
            "anthropic",
            {"messages": "Hm.c2ln", "invoke": "Hm.c2ln"},
            {"listed": True, "counted": True},
        ),
        (
            "langchain",
            {"chat": None, "responses": "Hm.", "messages": "Hm.", "converse": "Hm."},
            {"vector": 1024},
        ),
        ("vercel", {"chat": None, "responses": "Hm.", "messages": "Hm."}, {}),
    ],
)
async def test_a_client_has_its_conversation(name, thinking, rest, emulator, tmp_path):
    for _ in thinking:
        for answer in SCRIPT:
            emulator.answer(answer)
    async with serving(emulator, tmp_path) as gateway:
        answers = await run(
            name,
            gateway,
            tmp_path,
            MODEL=MODEL,
            EMBEDDING_MODEL="amazon-bedrock/amazon.titan-embed-text-v2:0",
        )
    assert answers == {
        **{door: SAID | {"thinking": thought} for door, thought in thinking.items()},
        "refused": REFUSED[name],
        **rest,
    }
    sent = [
        request
        for request in emulator.requests
        if request.operation in ("Converse", "ConverseStream") and request.status == 200
    ]
    assert len(sent) == len(thinking) * len(SCRIPT)
    for first in range(0, len(sent), len(SCRIPT)):
        *_, result, image = (
            each.parameters["messages"] for each in sent[first : first + len(SCRIPT)]
        )
        assert [next(iter(block)) for block in result[1]["content"]] == ["toolUse"]
        assert "toolResult" in result[2]["content"][0]
        assert any("image" in block for block in image[0]["content"])


@pytest.fixture(params=["local/smollm2-135m-instruct", "llamacpp/smollm2"])
def real_model(request):
    """A real model that takes tools and no pictures, its configuration, and what has it call a tool."""
    if request.param.startswith("local"):
        yield request.param, {}, {}
        return
    server = start_llama(context=2048, chat_template=TOOLS_TEMPLATE, use_jinja=True)
    address = {"baseUrl": f"{server.listening_address}/v1"}
    yield request.param, {"models": {"providers": {"llamacpp": address}}}, {"BEGUN": "<tool_call>"}


@pytest.mark.parametrize("name", ["openai", "anthropic", "vercel"])
async def test_a_client_has_its_conversation_with_a_real_model(name, real_model, tmp_path):
    model, config, variables = real_model
    async with (
        Runtime.from_config(
            config, environ={"HOME": str(tmp_path)}, cache_directory=tmp_path / "cache"
        ) as runtime,
        running(runtime) as gateway,
    ):
        answers = await run(
            name,
            gateway,
            tmp_path,
            MODEL=model,
            TOOL_CHOICE="required",
            MAX_TOKENS="100",
            **variables,
        )
    assert answers["refused"] == REFUSED[name]
    doors = {door: answers[door] for door, clients in NAMES.items() if name in clients}
    for door, said in doors.items():
        assert all(said[part].strip() for part in ("text", "streamed", "after")), (door, said)
        assert (said["usage"], said["tool"], said["thinking"]) == (True, "look", None), door
        kind = "ValidationException" if door == "invoke" else "invalid_request_error"
        assert said["seen"] == f"400 {kind}", door
