"""A server that writes without an end of a line when its tool is called; what the SDK would not let it do."""

import json
import os
import sys

INITIALIZED = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "flooding", "version": "1"},
}
TOOLS = {"tools": [{"name": "flood", "inputSchema": {"type": "object"}}]}

for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "tools/call":
        while True:
            os.write(1, b"x" * 1_000_000)
    if "id" not in asked:
        continue
    answers = {"initialize": INITIALIZED, "tools/list": TOOLS}
    answer = {"jsonrpc": "2.0", "id": asked["id"]}
    if asked["method"] in answers:
        answer["result"] = answers[asked["method"]]
    else:
        answer["error"] = {"code": -32601, "message": "no such method"}
    print(json.dumps(answer), flush=True)
