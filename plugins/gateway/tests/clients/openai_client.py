"""The openai SDK: one conversation through Chat Completions, one through Responses.

Models that follow no script are held to call the tool, by the variables `TOOL_CHOICE` and `BEGUN`, with
which the call has begun already.
"""

import json
import os

from openai import AuthenticationError, BadRequestError, NotFoundError, OpenAI

MODEL = os.environ["MODEL"]
IMAGE = os.environ["IMAGE"]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
LOOK = {"name": "look", "description": "Looks.", "parameters": SCHEMA}
HELLO = {"role": "user", "content": "Hello"}
FORCED = "TOOL_CHOICE" in os.environ
CHOICE = {"tool_choice": os.environ["TOOL_CHOICE"], "temperature": 0} if FORCED else {}
ASKED = [HELLO]
if "BEGUN" in os.environ:
    ASKED.append({"role": "assistant", "content": os.environ["BEGUN"]})
MOST = int(os.environ.get("MAX_TOKENS", "4000"))
api = OpenAI(max_retries=0)


def unless_refused(call):
    """What a call answers, or how it is refused."""
    try:
        return call()
    except BadRequestError as error:
        return f"{error.status_code} {error.type}"


def chat():
    whole = api.chat.completions.create(
        model=MODEL, messages=[HELLO], reasoning_effort="low", max_completion_tokens=MOST
    )
    said = whole.choices[0].message
    with api.chat.completions.stream(
        model=MODEL,
        messages=[HELLO],
        stream_options={"include_usage": True},
        max_completion_tokens=MOST,
    ) as stream:
        events = list(stream)
    streamed = "".join(one.delta for one in events if one.type == "content.delta")
    (usage,) = [one.chunk.usage for one in events if one.type == "chunk" and one.chunk.usage]
    tools = [{"type": "function", "function": LOOK}]
    called = api.chat.completions.create(
        model=MODEL, messages=ASKED, tools=tools, max_completion_tokens=MOST, **CHOICE
    )
    answer = called.choices[0].message
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": "Sunny."} for call in answer.tool_calls
    ]
    after = api.chat.completions.create(
        model=MODEL,
        messages=[HELLO, answer.model_dump(exclude_none=True), *results],
        tools=tools,
        max_completion_tokens=MOST,
    )
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}}
    question = [{"role": "user", "content": [picture, {"type": "text", "text": "What is it?"}]}]
    seen = unless_refused(
        lambda: (
            api.chat.completions.create(model=MODEL, messages=question).choices[0].message.content
        )
    )
    return {
        "text": said.content,
        "thinking": getattr(said, "reasoning_content", None),
        "streamed": streamed,
        "usage": usage.total_tokens > 0,
        "tool": answer.tool_calls[0].function.name,
        "after": after.choices[0].message.content,
        "seen": seen,
    }


def responses():
    whole = api.responses.create(
        model=MODEL, input="Hello", reasoning={"effort": "low"}, max_output_tokens=MOST
    )
    thoughts = [item.summary[0].text for item in whole.output if item.type == "reasoning"]
    with api.responses.stream(model=MODEL, input="Hello", max_output_tokens=MOST) as stream:
        events = list(stream)
    deltas = [one.delta for one in events if one.type == "response.output_text.delta"]
    # The last event is `response.incomplete` where the limit ends the answer.
    usage = events[-1].response.usage
    tools = [{"type": "function", **LOOK}]
    called = api.responses.create(
        model=MODEL, input=ASKED, tools=tools, store=False, max_output_tokens=MOST, **CHOICE
    )
    calls = [item for item in called.output if item.type == "function_call"]
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."}
        for call in calls
    ]
    items = [item.model_dump(exclude_none=True) for item in called.output]
    after = api.responses.create(
        model=MODEL, input=[HELLO, *items, *results], tools=tools, max_output_tokens=MOST
    )
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{IMAGE}"}
    question = {"type": "input_text", "text": "What is it?"}
    shown = [{"role": "user", "content": [picture, question]}]
    seen = unless_refused(lambda: api.responses.create(model=MODEL, input=shown).output_text)
    return {
        "text": whole.output_text,
        "thinking": "".join(thoughts) or None,
        "streamed": "".join(deltas),
        "usage": usage.total_tokens > 0,
        "tool": calls[0].name,
        "after": after.output_text,
        "seen": seen,
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
vector = None
if "EMBEDDING_MODEL" in os.environ:
    made = api.embeddings.create(model=os.environ["EMBEDDING_MODEL"], input=["Hello", "Bye"])
    vector = len(made.data[1].embedding)
listed = {one.id for one in api.models.list()}
print(json.dumps({**said, "refused": refused, "listed": MODEL in listed, "vector": vector}))
