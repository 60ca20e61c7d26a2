"""langchain-aws: a chat model with a bound tool, a stream, and embeddings."""

import json

from langchain_aws import BedrockEmbeddings, ChatBedrockConverse
from langchain_core.tools import tool

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@tool
def look(place: str) -> str:
    """Look at a place."""
    return place


chat = ChatBedrockConverse(model=MODEL)
streamed = "".join(str(chunk.text) for chunk in chat.stream("Hello"))
called = chat.bind_tools([look]).invoke("Hello")
vector = BedrockEmbeddings(model_id="amazon.titan-embed-text-v2:0").embed_query("Hello")
print(
    json.dumps(
        {
            "text": str(chat.invoke("Hello").text),
            "streamed": streamed,
            "tool": called.tool_calls[0]["name"],
            "vector": len(vector),
        }
    )
)
