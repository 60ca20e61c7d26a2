"""any-llm: a completion, a stream, and a tool."""

import asyncio
import json
import os

from any_llm import AnyLLM

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
LOOK = {"name": "look", "description": "Look at a place.", "parameters": SCHEMA}


async def main():
    client = AnyLLM.create("bedrock", api_base=os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"])
    whole = await client.acompletion(model=MODEL, messages=HELLO)
    streamed = ""
    async for chunk in await client.acompletion(model=MODEL, messages=HELLO, stream=True):
        for choice in chunk.choices:
            streamed += choice.delta.content or ""
    tools = [{"type": "function", "function": LOOK}]
    called = await client.acompletion(model=MODEL, messages=HELLO, tools=tools)
    print(
        json.dumps(
            {
                "text": whole.choices[0].message.content,
                "streamed": streamed,
                "tool": called.choices[0].message.tool_calls[0].function.name,
            }
        )
    )


asyncio.run(main())
