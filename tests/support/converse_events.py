"""Events of ConverseStream, each as its type and its data."""

__all__ = ["block_stop", "delta", "stop", "tool_input", "tool_start"]


def delta(index, **content):
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": content}


def tool_start(index, name="look", **more):
    call = {"toolUseId": f"call-{index}", "name": name, **more}
    return "contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": call}}


def tool_input(index, text):
    return delta(index, toolUse={"input": text})


def block_stop(index):
    return "contentBlockStop", {"contentBlockIndex": index}


def stop(reason="end_turn", **more):
    return "messageStop", {"stopReason": reason, **more}
