"""Answers of Chat Completions and of the Responses API, as the bytes of their events."""

from collections.abc import Sequence

from sse_server import sse


def chat_frames(texts: Sequence[str], call: Sequence[str] = ()) -> list[bytes]:
    """An answer of Chat Completions: pieces of text, and the arguments of one call in pieces."""

    def chunk(delta, finish=None):
        return sse({"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def call_chunk(**function):
        return chunk({"tool_calls": [{"index": 0, **function}]})

    frames = [chunk({"role": "assistant"}), *(chunk({"content": text}) for text in texts)]
    if call:
        start = {"id": "call_1", "type": "function", "function": {"name": "lookup"}}
        frames += [call_chunk(**start), *(call_chunk(function={"arguments": a}) for a in call)]
    frames.append(chunk({}, "tool_calls" if call else "stop"))
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return [*frames, sse({"id": "c1", "choices": [], "usage": usage}), sse("[DONE]")]


def responses_frames(texts: Sequence[str], call: Sequence[str] = ()) -> list[bytes]:
    """An answer of the Responses API: pieces of text, and the arguments of one call in pieces."""

    def event(kind, **data):
        return sse({"type": f"response.{kind}", **data})

    def message(whole):
        part = [{"type": "output_text", "text": whole, "annotations": []}] if whole else []
        return {"type": "message", "id": "msg_1", "role": "assistant", "content": part}

    def called(whole):
        ids = {"id": "fc_1", "call_id": "call_1", "name": "lookup"}
        return {"type": "function_call", **ids, "arguments": whole}

    said, at = "".join(texts), {"output_index": 0, "item_id": "msg_1", "content_index": 0}
    frames = [
        event("created", response={"id": "resp_1", "status": "in_progress"}),
        event("output_item.added", output_index=0, item=message("")),
        *(event("output_text.delta", delta=text, **at) for text in texts),
        event("output_item.done", output_index=0, item=message(said)),
    ]
    output = [message(said)]
    if call:
        at = {"output_index": 1, "item_id": "fc_1"}
        frames += [
            event("output_item.added", output_index=1, item=called("")),
            *(event("function_call_arguments.delta", delta=piece, **at) for piece in call),
            event("output_item.done", output_index=1, item=called("".join(call))),
        ]
        output.append(called("".join(call)))
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    response = {"id": "resp_1", "status": "completed", "output": output, "usage": usage}
    return [*frames, event("completed", response=response)]


def chat_beginning(text: str, said: str) -> bytes:
    """The beginning of an answer: a text in what a service says of the answer, and what is said."""
    return sse({"id": text, "model": text, "choices": [{"index": 0, "delta": {"content": said}}]})


def chat_end(text: str) -> bytes:
    """The end of an answer, with a text as the reason."""
    choice = {"index": 0, "delta": {}, "finish_reason": text}
    return sse({"id": "c", "model": "m", "choices": [choice]})


def responses_beginning(text: str, said: str) -> bytes:
    """As `chat_beginning`."""
    delta = {"item_id": text, "output_index": 0, "content_index": 0, "delta": said}
    created = {"type": "response.created", "response": {"id": text, "model": text}}
    return sse(created) + sse({"type": "response.output_text.delta", **delta})


def responses_end(text: str) -> bytes:
    """As `chat_end`."""
    response = {"id": text, "incomplete_details": {"reason": text}, "status": text, "model": text}
    return sse({"type": "response.incomplete", "response": response})
