"""Settings and parameters of pydantic-ai's requests, as options of modelwire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings, ToolOrOutput
from pydantic_ai.tools import ToolDefinition

from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool
from modelwire.transport import Deadlines

__all__ = ["options_of", "tools_of"]

_SAME = ("max_tokens", "temperature", "top_p")
_THINKING: dict[bool | str, str] = {False: "off", True: "medium"}


def options_of(settings: ModelSettings, parameters: ModelRequestParameters) -> dict[str, Any]:
    """The options of a request, without those that were not given."""
    given: Mapping[str, Any] = settings
    options: dict[str, Any] = {name: given[name] for name in _SAME if given.get(name) is not None}
    if given.get("stop_sequences"):
        options["stop"] = given["stop_sequences"]
    if isinstance(given.get("timeout"), int | float):
        options["deadlines"] = Deadlines(total=float(given["timeout"]))
    if isinstance(given.get("extra_body"), Mapping):
        options["params"] = dict(given["extra_body"])
    if parameters.thinking is not None:
        options["reasoning"] = _THINKING.get(parameters.thinking) or parameters.thinking
    if parameters.output_mode == "native" and parameters.output_object is not None:
        options["response_schema"] = parameters.output_object.json_schema
    return options


def tools_of(
    settings: ModelSettings, parameters: ModelRequestParameters
) -> tuple[list[Tool], ToolChoice | None]:
    """The tools of a request, and whether one of them has to be called."""
    tools = dict(parameters.declared_tool_defs)
    output = {tool.name for tool in parameters.output_tools}
    choice = settings.get("tool_choice")
    free = parameters.allow_text_output or parameters.allow_image_output
    forced = not free
    if choice == "none":
        tools = {name: tool for name, tool in tools.items() if name in output}
    elif choice == "required":
        tools = {name: tool for name, tool in tools.items() if name not in output}
        forced = True
    elif isinstance(choice, ToolOrOutput):
        wanted = output | set(choice.function_tools)
        tools = {name: tool for name, tool in tools.items() if name in wanted}
    elif isinstance(choice, list):
        tools = {name: tool for name, tool in tools.items() if name in choice}
        forced = True
    if not tools or not forced:
        return [_tool(tool) for tool in tools.values()], None
    return [_tool(tool) for tool in tools.values()], ToolChoice("any")


def _tool(tool: ToolDefinition) -> Tool:
    return Tool(tool.name, tool.description or "", tool.parameters_json_schema, tool.strict)
