"""The chat template of a model: what of a conversation reaches the model through it.

Each GGUF file carries a template that makes one prompt of chat messages. Many leave out tools, tool
calls and results, and say nothing of it. So the engine renders probes, and what is looked for is
their text in the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import frozen

from modelwire.errors import ServerError
from modelwire_local.generation import Job

if TYPE_CHECKING:
    from modelwire_local.load import LoadedModel

__all__ = ["PLAIN", "ChatTemplate", "TemplateInspection", "inspect_template", "render_prompt"]


@frozen
class ChatTemplate:
    """The features that a chat template renders.

    Attributes:
        tools: The tools that are offered.
        tool_calls: Tool calls of earlier answers, and their results.
    """

    tools: bool
    tool_calls: bool

    @property
    def calls_tools(self) -> bool:
        """Whether the model can be offered tools and call them by this template."""
        return self.tools and self.tool_calls


PLAIN = ChatTemplate(tools=False, tool_calls=False)
"""A template of text alone, as the embedded model's."""

_TOOL, _RESULT = "probe_of_tools", "probe of results"
_USER = {"role": "user", "content": "Hello"}
_OFFERED = {
    "type": "function",
    "function": {
        "name": _TOOL,
        "description": _TOOL,
        "parameters": {"type": "object", "properties": {}},
    },
}
# Mistral's templates refuse ids that are not of nine letters and digits.
_CALLED = [
    _USER,
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {
                "id": "probe0001",
                "type": "function",
                "function": {"name": _TOOL, "arguments": "{}"},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "probe0001", "content": _RESULT},
]


def inspect_template(render: Callable[[dict[str, Any]], str | None]) -> ChatTemplate:
    """Find out what a chat template renders.

    Args:
        render: Renders a request as a prompt; it is `None` where the template refuses it.

    Raises:
        ServerError: The engine failed to render.
    """
    offered = render({"messages": [_USER], "tools": [_OFFERED]}) or ""
    called = render({"messages": _CALLED}) or ""
    return ChatTemplate(tools=_TOOL in offered, tool_calls=_TOOL in called and _RESULT in called)


def render_prompt(address: str, key: str, request: dict[str, Any]) -> str | None:
    """Render a request by a loaded engine, over the port that it listens on. It blocks.

    Its Python interface has no call for this.

    Args:
        address: Where the engine listens, such as `http://127.0.0.1:40123`.
        key: The key that it wants.
        request: A request of chat completions.

    Returns:
        The prompt, or `None` where the template refuses the messages.

    Raises:
        ServerError: The engine cannot be reached, or failed.
    """
    import http.client

    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=_PATIENCE)
    try:
        connection.request("POST", "/apply-template", json.dumps(request), headers)
        response = connection.getresponse()
        status, body = response.status, response.read()
        if status == http.client.BAD_REQUEST:
            return None
        return str(json.loads(body)["prompt"])
    except (OSError, http.client.HTTPException, LookupError, TypeError, ValueError) as error:
        msg = f"The engine does not show how it renders tools: {type(error).__name__}."
        hint = "Connections to 127.0.0.1 must be allowed; without tools none is made."
        raise ServerError(msg, hint=hint, retryable=False) from error
    finally:
        connection.close()


_PATIENCE = 60.0
"""Seconds. It takes milliseconds; the limit keeps the engine's thread from waiting without end."""


class TemplateInspection(Job[ChatTemplate]):
    """The inspection of a model's chat template, in the engine's thread."""

    def run(self, model: LoadedModel) -> None:
        """Inspect the template of a model."""
        self.hand_over(model.template())

    async def result(self) -> ChatTemplate:
        """Wait for what the template renders.

        Raises:
            ModelwireError: The model cannot be loaded, the engine failed, or a deadline passed.
        """
        found = await self.next()
        if found is None:
            msg = "The engine is closed, since the program is about to end."
            raise ServerError(msg, retryable=False)
        return found
