"""The anthropic SDK with its Bedrock clients: Messages at both endpoints, and InvokeModel."""

import json
import os

from anthropic import Anthropic, AnthropicBedrock, AnthropicBedrockMantle, NotFoundError

RUNTIME = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
LOOK = {"name": "look", "input_schema": SCHEMA}
ASKED = {"max_tokens": 200, "messages": [{"role": "user", "content": "Hello"}]}
said = {"text": set(), "streamed": set(), "tool": set()}


def converse(api, model):
    said["text"].add(api.messages.create(model=model, **ASKED).content[0].text)
    with api.messages.stream(model=model, **ASKED) as stream:
        said["streamed"].add("".join(stream.text_stream))
        assert stream.get_final_message().stop_reason == "end_turn"
    called = api.messages.create(model=model, tools=[LOOK], **ASKED)
    said["tool"].add(called.content[-1].name)


second = AnthropicBedrockMantle(max_retries=0)
converse(second, "anthropic.claude-sonnet-5")
converse(AnthropicBedrock(max_retries=0), "us.anthropic.claude-sonnet-5")
if "AWS_BEARER_TOKEN_BEDROCK" in os.environ:
    token = os.environ["AWS_BEARER_TOKEN_BEDROCK"]
    for given in ({"auth_token": token, "api_key": None}, {"api_key": token}):
        plain = Anthropic(base_url=f"{RUNTIME}/anthropic", max_retries=0, **given)
        converse(plain, "us.anthropic.claude-opus-5")
counted = second.messages.count_tokens(
    model="anthropic.claude-sonnet-5", messages=ASKED["messages"]
)
refused = []
try:
    second.messages.create(model="us.anthropic.claude-sonnet-5", **ASKED)
except NotFoundError as answer:
    refused.append(answer.status_code)
print(
    json.dumps(
        {
            **{name: values.pop() for name, values in said.items() if len(values) == 1},
            "counted": counted.input_tokens > 0,
            "refused": refused,
        }
    )
)
