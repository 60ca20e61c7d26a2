"""The openai SDK with its Bedrock provider: Responses and Chat Completions at both endpoints."""

import json
import os

from openai import BadRequestError, NotFoundError, OpenAI
from openai.providers.bedrock import bedrock

RUNTIME = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
MANTLE = os.environ["AWS_ENDPOINT_URL_BEDROCK_MANTLE"]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
LOOK = {"name": "look", "parameters": SCHEMA}
MESSAGES = [{"role": "user", "content": "Hello"}]
said = {"text": set(), "streamed": set(), "tool": set()}


def client(endpoint, base_url):
    return OpenAI(provider=bedrock(endpoint=endpoint, base_url=base_url), max_retries=0)


def responses(api, model, **choice):
    said["text"].add(api.responses.create(model=model, input="Hello").output_text)
    with api.responses.stream(model=model, input="Hello") as stream:
        deltas = [one.delta for one in stream if one.type == "response.output_text.delta"]
        assert stream.get_final_response().status == "completed"
    said["streamed"].add("".join(deltas))
    tools = [{"type": "function", **LOOK}]
    called = api.responses.create(model=model, input="Hello", tools=tools, **choice)
    said["tool"].add(called.output[-1].name)


def chat(api, model):
    whole = api.chat.completions.create(model=model, messages=MESSAGES)
    said["text"].add(whole.choices[0].message.content)
    with api.chat.completions.stream(model=model, messages=MESSAGES) as stream:
        deltas = [one.delta for one in stream if one.type == "content.delta"]
    said["streamed"].add("".join(deltas))
    tools = [{"type": "function", "function": LOOK}]
    called = api.chat.completions.create(model=model, messages=MESSAGES, tools=tools)
    said["tool"].add(called.choices[0].message.tool_calls[0].function.name)


runtime = client("runtime", f"{RUNTIME}/openai/v1")
second = client("mantle", f"{MANTLE}/openai/v1")
open_weights = client("mantle", f"{MANTLE}/v1")
responses(runtime, "us.openai.gpt-6-sol", tool_choice="required")
responses(second, "openai.gpt-5.5", tool_choice="required")
responses(open_weights, "openai.gpt-oss-20b")
chat(runtime, "openai.gpt-oss-120b-1:0")
chat(open_weights, "openai.gpt-oss-120b")
models = {one.id for one in open_weights.models.list()}
refused = []
for error, model in (
    (NotFoundError, "us.openai.gpt-6-sol"),
    (BadRequestError, "openai.gpt-oss-20b"),
):
    try:
        second.responses.create(model=model, input="Hello")
    except error as answer:
        refused.append(answer.status_code)
print(
    json.dumps(
        {
            **{name: values.pop() for name, values in said.items() if len(values) == 1},
            "listed": len(models) > 50,
            "refused": refused,
        }
    )
)
