"""pydantic-ai: an agent with a tool and an output type, and a stream."""

import asyncio
import json

from pydantic import BaseModel
from pydantic_ai import Agent

MODEL = "bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0"
calls = []


class City(BaseModel):
    name: str
    people: int


def look(place: str) -> str:
    """Look at a place."""
    calls.append(place)
    return "sunny"


async def main():
    answer = await Agent(MODEL, tools=[look]).run("Hello")
    city = await Agent(MODEL, output_type=City).run("Hello")
    streamed = ""
    async with Agent(MODEL).run_stream("Hello") as stream:
        async for piece in stream.stream_text(delta=True):
            streamed += piece
    print(
        json.dumps(
            {
                "text": answer.output,
                "streamed": streamed,
                "tool": "look" if calls else None,
                "typed": city.output.people,
            }
        )
    )


asyncio.run(main())
