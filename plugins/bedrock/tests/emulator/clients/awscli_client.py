"""The AWS CLI: converse, and a list of the models."""

import json
import subprocess
import sys

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = '[{"role": "user", "content": [{"text": "Hello"}]}]'
TOOLS = '{"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}], "toolChoice": {"any": {}}}'


def aws(*words):
    command = [sys.executable, "-m", "awscli", *words, "--output", "json"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


asked = ("bedrock-runtime", "converse", "--model-id", MODEL, "--messages", HELLO)
whole = aws(*asked)
called = aws(*asked, "--tool-config", TOOLS)
listed = aws("bedrock", "list-foundation-models")
print(
    json.dumps(
        {
            "text": whole["output"]["message"]["content"][0]["text"],
            "tool": called["output"]["message"]["content"][0]["toolUse"]["name"],
            "models": len(listed["modelSummaries"]),
        }
    )
)
