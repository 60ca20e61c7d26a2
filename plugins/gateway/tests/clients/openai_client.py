"""The openai SDK: one conversation through Chat Completions, one through Responses."""

import json
import os

from openai import AuthenticationError, NotFoundError, OpenAI

MODEL = os.environ["MODEL"]
IMAGE = os.environ["IMAGE"]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
LOOK = {"name": "look", "description": "Looks.", "parameters": SCHEMA}
HELLO = {"role": "user", "content": "Hello"}
api = OpenAI(max_retries=0)


def chat():
    whole = api.chat.completions.create(model=MODEL, messages=[HELLO], reasoning_effort="low")
    said = whole.choices[0].message
    with api.chat.completions.stream(
        model=MODEL, messages=[HELLO], stream_options={"include_usage": True}
    ) as stream:
        streamed = "".join(one.delta for one in stream if one.type == "content.delta")
        final = stream.get_final_completion()
    tools = [{"type": "function", "function": LOOK}]
    called = api.chat.completions.create(model=MODEL, messages=[HELLO], tools=tools)
    answer = called.choices[0].message
    result = {"role": "tool", "tool_call_id": answer.tool_calls[0].id, "content": "Sunny."}
    after = api.chat.completions.create(
        model=MODEL, messages=[HELLO, answer.model_dump(exclude_none=True), result], tools=tools
    )
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}}
    seen = api.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": [picture, {"type": "text", "text": "What is it?"}]}],
    )
    return {
        "text": said.content,
        "thinking": said.reasoning_content,
        "streamed": streamed,
        "usage": final.usage.total_tokens > 0,
        "tool": answer.tool_calls[0].function.name,
        "after": after.choices[0].message.content,
        "seen": seen.choices[0].message.content,
    }


def responses():
    whole = api.responses.create(model=MODEL, input="Hello", reasoning={"effort": "low"})
    (thought,) = [item for item in whole.output if item.type == "reasoning"]
    with api.responses.stream(model=MODEL, input="Hello") as stream:
        deltas = [one.delta for one in stream if one.type == "response.output_text.delta"]
        final = stream.get_final_response()
    tools = [{"type": "function", **LOOK}]
    called = api.responses.create(model=MODEL, input="Hello", tools=tools, store=False)
    call = called.output[-1]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."}
    items = [item.model_dump(exclude_none=True) for item in called.output]
    after = api.responses.create(model=MODEL, input=[HELLO, *items, result], tools=tools)
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{IMAGE}"}
    question = {"type": "input_text", "text": "What is it?"}
    seen = api.responses.create(
        model=MODEL, input=[{"role": "user", "content": [picture, question]}]
    )
    return {
        "text": whole.output_text,
        "thinking": thought.summary[0].text,
        "streamed": "".join(deltas),
        "usage": final.usage.total_tokens > 0,
        "tool": call.name,
        "after": after.output_text,
        "seen": seen.output_text,
    }


said = {"chat": chat(), "responses": responses()}
refused = []
try:
    api.chat.completions.create(model="none", messages=[HELLO])
except NotFoundError as error:
    refused.append(error.code)
try:
    OpenAI(api_key="mw-wrong", max_retries=0).responses.create(model=MODEL, input="Hello")
except AuthenticationError as error:
    refused.append(error.code)
made = api.embeddings.create(model=os.environ["EMBEDDING_MODEL"], input=["Hello", "Bye"])
vector = len(made.data[1].embedding)
listed = {one.id for one in api.models.list()}
print(json.dumps({**said, "refused": refused, "listed": MODEL in listed, "vector": vector}))
