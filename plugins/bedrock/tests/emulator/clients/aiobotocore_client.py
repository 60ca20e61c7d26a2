"""aiobotocore: Converse, ConverseStream and InvokeModel."""

import asyncio
import json

from aiobotocore.session import get_session

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
TOOLS = {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}]}


async def main():
    async with get_session().create_client("bedrock-runtime") as client:
        whole = await client.converse(modelId=MODEL, messages=HELLO)
        stream = await client.converse_stream(modelId=MODEL, messages=HELLO)
        streamed = ""
        async for event in stream["stream"]:
            streamed += event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
        forced = {**TOOLS, "toolChoice": {"any": {}}}
        called = await client.converse(modelId=MODEL, messages=HELLO, toolConfig=forced)
    print(
        json.dumps(
            {
                "text": whole["output"]["message"]["content"][0]["text"],
                "streamed": streamed,
                "tool": called["output"]["message"]["content"][0]["toolUse"]["name"],
            }
        )
    )


asyncio.run(main())
