"""A server of the official SDK with tools of every kind, over stdio, or over HTTP with a port."""

import asyncio
import base64
import os
import subprocess
import sys
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver import Image
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import EmbeddedResource, TextContent, TextResourceContents, ToolAnnotations

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

server = MCPServer("everything")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool(name="files.delete/all now", annotations=ToolAnnotations(destructive_hint=True))
def delete(path: str) -> str:
    """Delete nothing."""
    return f"deleted {path}"


@server.tool()
def picture() -> Image:
    """Show one pixel."""
    return Image(data=PIXEL, format="png")


@server.tool(structured_output=False)
def report() -> list:
    """Give a text and a resource."""
    resource = TextResourceContents(uri="memo://1", text="from a memo", mime_type="text/plain")
    return [
        TextContent(type="text", text="a text"),
        EmbeddedResource(type="resource", resource=resource),
    ]


@server.tool()
def fail() -> str:
    """Fail."""
    raise ToolError(f"the key is {os.environ.get('SERVICE_API_KEY')}")


@server.tool()
async def wait(seconds: float) -> str:
    """Wait."""
    await asyncio.sleep(seconds)
    return "done"


@server.tool()
def die() -> str:
    """End the server."""
    print("about to end", file=sys.stderr, flush=True)
    os._exit(3)


@server.tool()
def where() -> str:
    """Say which process this is, which variables it has, and which process it started."""
    child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    names = ",".join(sorted(name for name in os.environ if name.startswith("SERVICE")))
    return f"{os.getpid()} {child.pid} {names} {Path.cwd()}"


if __name__ == "__main__":
    if "--http" in sys.argv:
        server.run("streamable-http", port=int(sys.argv[sys.argv.index("--http") + 1]))
    else:
        server.run()
