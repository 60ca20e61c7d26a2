"""Claude Code and Codex: their requests as recorded, and the programs themselves.

The recorded requests are those of Claude Code 2.1.197 and Codex 0.171.0, each with a turn that ran a tool,
with shortened texts. The programs run with `MODELWIRE_CODING_AGENTS=1`; they take 700 MB.
"""

import json
import os
from pathlib import Path

import pytest
from foreign_clients import node_with, run_program
from gateway_server import KEY, serving

from modelwire_bedrock.emulator import Text, Thinking, ToolUse
from modelwire_gateway import Settings

HERE = Path(__file__).parent
RECORDED = HERE.parent / "recorded"
OPUS = "amazon-bedrock/us.anthropic.claude-opus-5"
MESSAGES = {"api": "anthropic-messages"}
RUNS = "MODELWIRE_CODING_AGENTS"
CLAUDE_CODE = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "IS_SANDBOX": "1"}
"""Its settings: nothing is sent but requests for models."""


def settings():
    return Settings(aliases={"claude-*": OPUS, "gpt-*": OPUS})


async def replayed(name, emulator, tmp_path, through=None):
    """The answers to recorded requests, as bytes, and the requests of the upstream."""
    answers = []
    async with serving(emulator, tmp_path, settings=settings(), through=through) as gateway:
        for turn in json.loads((RECORDED / f"{name}.json").read_text()):
            emulator.answer([Thinking("Hm.", signature="c2ln"), Text("All done here.")])
            async with gateway.session.post(
                gateway.url + turn["path"],
                json=turn["body"],
                headers={**turn["headers"], **gateway.headers()},
            ) as answer:
                assert answer.status == 200, await answer.text()
                answers.append(await answer.read())
    return answers, [request for request in emulator.requests if request.status == 200]


async def test_claude_code_in_front_of_converse(emulator, tmp_path):
    answers, (first, second) = await replayed("claude_code", emulator, tmp_path)
    assert all(b"event: message_stop" in answer for answer in answers)
    fields = first.parameters["additionalModelRequestFields"]
    assert fields["thinking"]["type"] == "adaptive"
    assert fields["output_config"] == {"effort": "high"}
    assert "context-1m-2025-08-07" in fields["anthropic_beta"]
    assert "context-management-2025-06-27" not in fields["anthropic_beta"]
    assert "cachePoint" in str(first.parameters["system"])
    thought, text, call = second.parameters["messages"][1]["content"][:3]
    assert thought["reasoningContent"]["reasoningText"]["signature"] == "c2ln"
    assert text == {"text": "I will list."}
    assert call["toolUse"]["name"] == "Bash"
    assert "toolResult" in second.parameters["messages"][2]["content"][0]


async def test_claude_code_in_front_of_messages(emulator, tmp_path):
    answers, (first, second) = await replayed("claude_code", emulator, tmp_path, MESSAGES)
    assert all(b"event: message_stop" in answer for answer in answers)
    assert len(first.body["system"]) == 3  # the blocks are not joined
    assert first.body["thinking"] == {"type": "adaptive"}
    assert first.body["output_config"] == {"effort": "high"}
    # It was refused once, and is left out from then on.
    refused = [request.message for request in emulator.requests if request.status != 200]
    assert refused == ["context_management: Extra inputs are not permitted"]
    assert "context_management" not in second.body
    assert all("context-management" not in str(request.headers) for request in (first, second))
    assert b'"path":"context_management"' in answers[1]


async def test_claude_code_in_its_bedrock_mode(emulator, tmp_path):
    answers, requests = await replayed("claude_code_bedrock", emulator, tmp_path)
    assert all(b"chunk" in answer for answer in answers)
    assert requests[0].parameters["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"


@pytest.mark.parametrize("model", [OPUS, "amazon-bedrock/us.openai.gpt-6-sol"])
async def test_codex(emulator, tmp_path, model):
    chosen = Settings(aliases={"gpt-*": model})
    turns = json.loads((RECORDED / "codex.json").read_text())
    async with serving(emulator, tmp_path, settings=chosen) as gateway:
        for turn in turns:
            emulator.answer([Thinking("Hm.", signature="c2ln"), Text("All done here.")])
            events = await gateway.events(turn["path"], turn["body"], **turn["headers"])
            name, data = events[-1]
            assert name == "response.completed"
            assert data["response"]["id"].startswith("resp_")
            assert data["response"]["usage"]["output_tokens"] > 0
            done = [each["item"] for kind, each in events if kind == "response.output_item.done"]
            assert [item["type"] for item in done] == ["reasoning", "message"]
            assert all(item["encrypted_content"] for item in done if item["type"] == "reasoning")
    last = emulator.requests[-1]
    if model == OPUS:
        tools = last.parameters["toolConfig"]["tools"]
        names = {each["toolSpec"]["name"] for each in tools if "toolSpec" in each}
        assert names == {"exec_command", "apply_patch", "view_image"}
        kinds = [next(iter(block)) for block in last.parameters["messages"][1]["content"]]
        assert kinds[:3] == ["reasoningContent", "text", "toolUse"]


def script(emulator, tool):
    """A turn that runs a command, and one that ends."""
    emulator.answer([Thinking("Hm.", signature="c2ln"), Text("I will look."), tool])
    emulator.answer(Text("All done here."), times=None)


@pytest.mark.skipif(not os.environ.get(RUNS), reason=f"700 MB: set {RUNS}=1")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("through", [None, MESSAGES])
async def test_claude_code_runs_a_tool(emulator, tmp_path, through):
    program = node_with("gateway-claude-code", HERE / "claude_code.txt")
    script(emulator, ToolUse("Bash", {"command": "echo from-the-tool", "description": "Look"}))
    command = [program / "node_modules/.bin/claude", "-p", "Look around", "--allowedTools", "Bash"]
    async with serving(emulator, tmp_path, settings=settings(), through=through) as gateway:
        said = await run_program(
            command,
            tmp_path,
            **CLAUDE_CODE,
            ANTHROPIC_BASE_URL=gateway.url,
            ANTHROPIC_AUTH_TOKEN=KEY,
        )
    assert "All done here." in said
    assert "from-the-tool" in str(emulator.requests[-1].body)


@pytest.mark.skipif(not os.environ.get(RUNS), reason=f"700 MB: set {RUNS}=1")
@pytest.mark.timeout(900)
async def test_codex_runs_a_tool(emulator, tmp_path):
    program = node_with("gateway-codex", HERE / "codex.txt")
    script(emulator, ToolUse("exec_command", {"cmd": "echo from-the-tool"}))
    async with serving(emulator, tmp_path, settings=settings()) as gateway:
        (tmp_path / ".codex").mkdir()
        (tmp_path / ".codex/config.toml").write_text(
            'model = "gpt-5.5"\nmodel_provider = "modelwire"\n'
            "[model_providers.modelwire]\n"
            f'name = "modelwire"\nbase_url = "{gateway.url}/v1"\n'
            'env_key = "MODELWIRE_GATEWAY_KEY"\nwire_api = "responses"\n'
        )
        command = [
            program / "node_modules/.bin/codex",
            "exec",
            "--skip-git-repo-check",
            "--dangerously-bypass-approvals-and-sandbox",
            "Look around",
        ]
        said = await run_program(command, tmp_path, MODELWIRE_GATEWAY_KEY=KEY)
    assert "All done here." in said
    assert "from-the-tool" in str(emulator.requests[-1].body)
