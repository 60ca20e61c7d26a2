"""Without an API key, a tool loop through each API against the emulator, which verifies signatures."""

import pytest
from instance_metadata import InstanceMetadata

from modelwire import Context, UserMessage, run_tools
from modelwire.config import Config
from modelwire.events import TextDeltaEvent
from modelwire.runtime import Runtime
from modelwire.tools import tool_from
from modelwire_bedrock.emulator import CREDENTIALS, Credentials, Emulator, Text, ToolUse
from modelwire_bedrock.emulator import Thinking as Thought

PROVIDER = "amazon-bedrock"
ROUTES = {
    "bedrock-converse-stream": "us.anthropic.claude-opus-5",
    "anthropic-messages": "us.anthropic.claude-opus-5",
    "openai-responses": "openai.gpt-5.6-luna",
    "openai-completions": "openai.gpt-oss-20b-1:0",
}
ROLE = Credentials("ASIAROLE000000000001", "s" * 40, "the-token")
HIDDEN = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def weather(city: str) -> str:
    """Say how the weather is.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


TOOL = tool_from(weather)


@pytest.fixture(scope="module")
def emulator():
    with Emulator(require_auth=True, credentials=[CREDENTIALS, ROLE]) as running:
        yield running


@pytest.fixture(params=["keys", "profile", "role", "bearer"])
def environ(request, emulator, tmp_path):
    variables = {
        **emulator.environ(bearer=request.param == "bearer"),
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
    }
    pair = CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key
    if request.param in ("profile", "role"):
        variables = {k: v for k, v in variables.items() if k not in HIDDEN}
    if request.param == "profile":
        lines = f"[work]\naws_access_key_id = {pair[0]}\naws_secret_access_key = {pair[1]}\n"
        (tmp_path / "credentials").write_text(lines)
        variables["AWS_PROFILE"] = "work"
    if request.param != "role":
        yield variables
        return
    del variables["AWS_EC2_METADATA_DISABLED"]
    given = ROLE.access_key_id, ROLE.secret_access_key, ROLE.session_token
    with InstanceMetadata("r", *given) as metadata:
        yield {**variables, "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url}


@pytest.mark.parametrize(("api", "model"), ROUTES.items(), ids=ROUTES)
async def test_a_tool_loop_streams_with_aws_credentials_alone(
    emulator, environ, tmp_path, api, model
):
    emulator.reset()
    emulator.answer([Thought("a thought"), ToolUse("weather", {"city": "Rome"}, pieces=3)])
    emulator.answer([Text("It is sunny.", pieces=("It is ", "sunny."))])
    document = {"models": {"providers": {PROVIDER: {"api": api}}}}
    config = Config.from_document(document, environ=environ)
    context = Context([UserMessage("How is the weather in Rome?")])
    heard, model = [], f"{PROVIDER}/{model}"
    async with (
        Runtime(config, cache_directory=tmp_path / "cache") as runtime,
        run_tools(
            runtime, context, [TOOL], approve=lambda _: True, model=model, reasoning="high"
        ) as loop,
    ):
        heard = [event.delta async for event in loop if isinstance(event, TextDeltaEvent)]
    assert "".join(heard) == "It is sunny."
    called, result, answered = context.messages[1:]
    assert called.api == answered.api == api
    assert [call.name for call in called.tool_calls] == ["weather"]
    assert result.content[0].text == "sunny in Rome"
    if api != "openai-responses":  # its items hold no thought, but a summary or what is encrypted
        assert called.content[0].text == "a thought"
