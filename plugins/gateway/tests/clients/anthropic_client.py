"""The anthropic SDK: one conversation through Messages, one through InvokeModel."""

import json
import os

from anthropic import Anthropic, AnthropicBedrock, AuthenticationError, NotFoundError

MODEL = os.environ["MODEL"]
IMAGE = os.environ["IMAGE"]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
LOOK = {"name": "look", "description": "Looks.", "input_schema": SCHEMA}
HELLO = {"role": "user", "content": "Hello"}
THINKING = {"type": "enabled", "budget_tokens": 1024}


def converse(api):
    asked = {"model": MODEL, "max_tokens": 4000}
    whole = api.messages.create(messages=[HELLO], thinking=THINKING, **asked)
    thought, text = whole.content
    with api.messages.stream(messages=[HELLO], **asked) as stream:
        streamed = "".join(stream.text_stream)
        final = stream.get_final_message()
    called = api.messages.create(messages=[HELLO], tools=[LOOK], **asked)
    call = called.content[-1]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Sunny."}
    after = api.messages.create(
        messages=[
            HELLO,
            {"role": "assistant", "content": called.content},
            {"role": "user", "content": [result]},
        ],
        tools=[LOOK],
        **asked,
    )
    source = {"type": "base64", "media_type": "image/png", "data": IMAGE}
    picture = [{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}]
    seen = api.messages.create(messages=[{"role": "user", "content": picture}], **asked)
    return {
        "text": text.text,
        "thinking": f"{thought.thinking}{thought.signature}",
        "streamed": streamed,
        "usage": final.usage.input_tokens > 0 and final.usage.output_tokens > 0,
        "tool": call.name,
        "after": after.content[0].text,
        "seen": seen.content[0].text,
    }


plain = Anthropic(max_retries=0)
bedrock = AnthropicBedrock(base_url=os.environ["ANTHROPIC_BEDROCK_BASE_URL"], max_retries=0)
said = {"messages": converse(plain), "invoke": converse(bedrock)}
counted = plain.messages.count_tokens(model=MODEL, messages=[HELLO])
refused = []
try:
    plain.messages.create(model="none", max_tokens=10, messages=[HELLO])
except NotFoundError as error:
    refused.append(error.body["error"]["type"])
try:
    wrong = Anthropic(auth_token="mw-wrong", max_retries=0)
    wrong.messages.create(model=MODEL, max_tokens=10, messages=[HELLO])
except AuthenticationError as error:
    refused.append(error.body["error"]["type"])
listed = {one.id for one in plain.models.list()}
answers = {**said, "refused": refused, "listed": MODEL in listed}
print(json.dumps({**answers, "counted": counted.input_tokens > 0}))
