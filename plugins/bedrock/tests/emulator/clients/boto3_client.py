"""boto3: Converse, ConverseStream and a forced tool."""

import json

import boto3

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
LOOK = {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}

client = boto3.client("bedrock-runtime")
whole = client.converse(modelId=MODEL, messages=HELLO)
events = client.converse_stream(modelId=MODEL, messages=HELLO)["stream"]
deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
called = client.converse(modelId=MODEL, messages=HELLO, toolConfig={"tools": [LOOK]})
print(
    json.dumps(
        {
            "text": whole["output"]["message"]["content"][0]["text"],
            "streamed": "".join(delta["text"] for delta in deltas),
            "tool": called["output"]["message"]["content"][0]["toolUse"]["name"],
        }
    )
)
