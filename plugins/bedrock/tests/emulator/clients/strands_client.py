"""strands: an agent with a tool."""

import json

from strands import Agent, tool
from strands.models import BedrockModel

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
calls = []


@tool
def look(place: str) -> str:
    """Look at a place.

    Args:
        place: Where.
    """
    calls.append(place)
    return "sunny"


plain = Agent(model=BedrockModel(model_id=MODEL), callback_handler=None)
agent = Agent(model=BedrockModel(model_id=MODEL), tools=[look], callback_handler=None)
print(
    json.dumps(
        {
            "text": str(plain("Hello")).strip(),
            "streamed": str(agent("Hello")).strip(),
            "tool": "look" if calls else None,
        }
    )
)
