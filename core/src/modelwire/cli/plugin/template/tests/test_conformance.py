"""The protocol, as its server writes it; the kit makes the tests of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from modelwire.messages import Text, ToolCall
from modelwire.testing import ScriptedAnswer, SseWire, fragments, pieces, provider_suite


class AcmeWire(SseWire):
    """How answers, errors and lists of models look on the wire."""

    def events(self, answer: ScriptedAnswer) -> Iterator[Any]:
        yield {"type": "start", "id": answer.response_id}
        for index, block in enumerate(answer.content):
            match block:
                case Text():
                    for text in pieces(block.text):
                        yield {"type": "text", "index": index, "text": text}
                case ToolCall():
                    yield {"type": "tool_call", "index": index, "id": block.id, "name": block.name}
                    for text in fragments(block):
                        yield {"type": "arguments", "index": index, "text": text}
            yield {"type": "block_end", "index": index}
        reason = {"stop": "stop", "length": "length", "toolUse": "tool_use"}[answer.stop_reason]
        usage = {"input": answer.usage.input, "output": answer.usage.output}
        yield {"type": "end", "reason": reason, "usage": usage}

    def failure(self, message: str) -> Any:
        return {"type": "error", "message": message}

    def models(self, ids: Sequence[str]) -> Any:
        return {"models": [{"id": model_id} for model_id in ids]}


TestAcme = provider_suite(
    "acme",
    wire=AcmeWire(),
    abilities={
        "api_key",
        "discovery",
        "max_tokens",
        "probe",
        "stop",
        "stream_errors",
        "temperature",
        "tools",
    },
)
