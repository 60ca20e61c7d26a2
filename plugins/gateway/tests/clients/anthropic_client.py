"""The anthropic SDK: one conversation through Messages, one through InvokeModel.

Models that follow no script are held to call the tool, by the variables `TOOL_CHOICE` and `BEGUN`, with
which the call has begun already.
"""

import json
import os

from anthropic import (
    Anthropic,
    AnthropicBedrock,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
)

MODEL = os.environ["MODEL"]
IMAGE = os.environ["IMAGE"]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
LOOK = {"name": "look", "description": "Looks.", "input_schema": SCHEMA}
HELLO = {"role": "user", "content": "Hello"}
THINKING = {"type": "enabled", "budget_tokens": 1024}
FORCED = "TOOL_CHOICE" in os.environ
CHOICE = {"tool_choice": {"type": "any"}, "extra_body": {"temperature": 0}} if FORCED else {}
ASKED = [HELLO]
if "BEGUN" in os.environ:
    ASKED.append({"role": "assistant", "content": os.environ["BEGUN"]})
MOST = int(os.environ.get("MAX_TOKENS", "4000"))


def unless_refused(call):
    """What a call answers, or how it is refused."""
    try:
        return call()
    except BadRequestError as error:
        return f"{error.status_code} {error.type or error.response.headers['x-amzn-errortype']}"


def converse(api):
    asked = {"model": MODEL, "max_tokens": MOST}
    whole = api.messages.create(messages=[HELLO], thinking=THINKING, **asked)
    *thoughts, text = whole.content
    with api.messages.stream(messages=[HELLO], **asked) as stream:
        streamed = "".join(stream.text_stream)
        final = stream.get_final_message()
    called = api.messages.create(messages=ASKED, tools=[LOOK], **CHOICE, **asked)
    calls = [block for block in called.content if block.type == "tool_use"]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": "Sunny."} for call in calls
    ]
    after = api.messages.create(
        messages=[
            HELLO,
            {"role": "assistant", "content": called.content},
            {"role": "user", "content": results},
        ],
        tools=[LOOK],
        **asked,
    )
    source = {"type": "base64", "media_type": "image/png", "data": IMAGE}
    picture = [{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}]
    question = [{"role": "user", "content": picture}]
    seen = unless_refused(lambda: api.messages.create(messages=question, **asked).content[0].text)
    return {
        "text": text.text,
        "thinking": "".join(f"{each.thinking}{each.signature}" for each in thoughts) or None,
        "streamed": streamed,
        "usage": final.usage.input_tokens > 0 and final.usage.output_tokens > 0,
        "tool": calls[0].name,
        "after": after.content[0].text,
        "seen": seen,
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
