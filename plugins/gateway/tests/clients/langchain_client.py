"""LangChain: a conversation with each of its three clients that a door knows, and embeddings."""

import json
import os

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from langchain_anthropic import ChatAnthropic
from langchain_aws import ChatBedrockConverse
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

MODEL = os.environ["MODEL"]
IMAGE = os.environ["IMAGE"]


@tool
def look(place: str) -> str:
    """Look at a place."""
    return f"Sunny in {place}."


def converse(chat):
    whole = chat.invoke("Hello")
    thoughts = [
        block.get("reasoning")
        for block in whole.content_blocks
        if block["type"] == "reasoning" and block.get("reasoning")
    ]
    pieces = list(chat.stream("Hello"))
    total = sum(piece.usage_metadata["total_tokens"] for piece in pieces if piece.usage_metadata)
    asked = HumanMessage("Hello")
    able = chat.bind_tools([look])
    called = able.invoke([asked])
    (call,) = called.tool_calls
    result = ToolMessage(look.invoke(call["args"]), tool_call_id=call["id"])
    after = able.invoke([asked, called, result])
    image = {"type": "image", "base64": IMAGE, "mime_type": "image/png"}
    seen = chat.invoke([HumanMessage([{"type": "text", "text": "What is it?"}, image])])
    return {
        "text": whole.text,
        "thinking": "".join(thoughts) or None,
        "streamed": "".join(piece.text for piece in pieces),
        "usage": total > 0,
        "tool": call["name"],
        "after": after.text,
        "seen": seen.text,
    }


def refusal(chat):
    try:
        chat.invoke("Hello")
    except Exception as error:  # noqa: BLE001 - each client has its own
        return type(error).__name__
    return None


def bedrock_client():
    """A client of boto3 that sends the gateway's key; its own bearer goes to HTTPS only."""
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=os.environ["ANTHROPIC_BEDROCK_BASE_URL"],
        config=Config(signature_version=UNSIGNED),
    )

    def add_key(request, **_):
        request.headers["x-api-key"] = os.environ["OPENAI_API_KEY"]

    client.meta.events.register("request-created.bedrock-runtime", add_key)
    return client


del os.environ["AWS_BEARER_TOKEN_BEDROCK"]
chats = {
    "chat": lambda model: ChatOpenAI(model=model, stream_usage=True, max_retries=0),
    "responses": lambda model: ChatOpenAI(model=model, use_responses_api=True, max_retries=0),
    "messages": lambda model: ChatAnthropic(
        model=model, api_key=os.environ["ANTHROPIC_AUTH_TOKEN"], max_retries=0
    ),
    "converse": lambda model: ChatBedrockConverse(
        model=model, provider="anthropic", client=bedrock_client()
    ),
}
said = {door: converse(make(MODEL)) for door, make in chats.items()}
refused = [refusal(make("none")) for make in chats.values()]
# By default it would send numbers of tokens, which are those of OpenAI's models.
embeddings = OpenAIEmbeddings(model=os.environ["EMBEDDING_MODEL"], check_embedding_ctx_length=False)
vector = len(embeddings.embed_query("Hello"))
print(json.dumps({**said, "refused": refused, "vector": vector}))
