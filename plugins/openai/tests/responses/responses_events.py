"""Events of the Responses API, said shortly."""

REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Let me see."}],
    "encrypted_content": "gAAAA==",
}


def added(output, item):
    return {"type": "response.output_item.added", "output_index": output, "item": item}


def done(output, item):
    return {"type": "response.output_item.done", "output_index": output, "item": item}


def message_item(text="", item_id="msg_1", **more):
    content = [{"type": "output_text", "text": text, "annotations": []}] if text else []
    return {"type": "message", "id": item_id, "role": "assistant", "content": content, **more}


def call_item(arguments="", number=1, name="weather", **more):
    ids = {"id": f"fc_{number}", "call_id": f"call_{number}"}
    return {"type": "function_call", **ids, "name": name, "arguments": arguments, **more}


def text(output, delta, item_id="msg_1", part=0):
    return {
        "type": "response.output_text.delta",
        "output_index": output,
        "item_id": item_id,
        "content_index": part,
        "delta": delta,
    }


def arguments(output, delta, number=1):
    return {
        "type": "response.function_call_arguments.delta",
        "output_index": output,
        "item_id": f"fc_{number}",
        "delta": delta,
    }


def arguments_done(output, whole, number=1):
    return {
        "type": "response.function_call_arguments.done",
        "output_index": output,
        "item_id": f"fc_{number}",
        "arguments": whole,
    }


def summary(output, delta, part=0, item_id="rs_1"):
    return {
        "type": "response.reasoning_summary_text.delta",
        "output_index": output,
        "item_id": item_id,
        "summary_index": part,
        "delta": delta,
    }


def usage(total_input=10, output=5, cached=0, reasoning=0):
    return {
        "input_tokens": total_input,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": total_input + output,
    }


def end(kind="completed", output=(), **response):
    base = {"id": "resp_1", "model": "gpt-5.5-2026-04-23", "status": kind, "usage": usage()}
    return {"type": f"response.{kind}", "response": {**base, "output": list(output), **response}}


def created():
    response = {"id": "resp_1", "model": "gpt-5.5-2026-04-23", "status": "in_progress"}
    return {"type": "response.created", "response": response}


def said(words, *, item_id="msg_1", output=0, **more):
    """All events of one message item."""
    return [
        added(output, message_item(item_id=item_id, **more)),
        *(text(output, word, item_id) for word in words),
        done(output, message_item("".join(words), item_id, **more)),
    ]
