"""Checks of tool definitions, calls and results."""

from __future__ import annotations

import re
from collections.abc import Callable

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest, unsupported_field

__all__ = [
    "alone_in_turn",
    "choice_names_tool",
    "choice_not_any",
    "choice_not_tool",
    "chosen_once",
    "defined",
    "extraneous_nova_result",
    "forced_accepted",
    "input_is_object",
    "json_result_is_object",
    "no_media_in_result",
    "no_status",
    "no_tools",
    "not_forced_while_thinking",
    "results_complete",
    "results_not_too_many",
    "root_without_composition",
    "schema_is_object",
    "short_ids",
    "unique_ids",
    "unique_names",
]

_NINE = re.compile(r"[a-zA-Z0-9]{9}")
_NOVA_TEXT_FORMATS = ("csv", "html", "md", "txt", "xls", "xlsx")


def defined(request: CheckedRequest) -> str | None:
    """Calls and results of tools come with `toolConfig`."""
    used = any("toolUse" in block or "toolResult" in block for _, _, block in request.blocks())
    if not used or request.tools:
        return None
    return "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def no_tools(request: CheckedRequest) -> str | None:
    """The model has no tools."""
    return "This model doesn't support tool use." if request.tools else None


def results_not_too_many(request: CheckedRequest) -> str | None:
    """A turn has no more results than the turn before it has calls."""
    calls = 0
    for role, at, blocks in request.turns():
        results = sum("toolResult" in block for block in blocks)
        if role == "user" and results > calls:
            return (
                f"The number of toolResult blocks at messages.{at}.content exceeds the number of "
                "toolUse blocks of previous turn."
            )
        calls = sum("toolUse" in block for block in blocks)
    return None


def results_complete(request: CheckedRequest) -> str | None:
    """Every call of a turn has its result in the next one."""
    open_ids: list[str] = []
    end = 0
    for role, at, blocks in request.turns():
        given = {block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block}
        missing = [id_ for id_ in open_ids if id_ not in given]
        if role == "user" and missing:
            return _expected(at, missing)
        calls = [block["toolUse"] for block in blocks if "toolUse" in block]
        open_ids = [call["toolUseId"] for call in calls if call.get("type") != "server_tool_use"]
        end = at
    return _expected(end + 1, open_ids) if open_ids else None


def _expected(at: int, ids: list[str]) -> str:
    return (
        f"Expected toolResult blocks at messages.{at}.content for the following Ids: "
        f"{', '.join(ids)}"
    )


def unique_ids(request: CheckedRequest) -> str | None:
    """The calls of one message have different ids."""
    for at, message in enumerate(request.messages):
        ids = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
        twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        if twice:
            listed = ", ".join(twice)
            return f"The toolUse blocks at messages.{at}.content contain duplicate Ids: {listed}"
    return None


def short_ids(request: CheckedRequest) -> str | None:
    """The ids of calls and results are nine letters or digits."""
    for _, _, block in request.blocks():
        for kind in ("toolUse", "toolResult"):
            id_ = block.get(kind, {}).get("toolUseId")
            if id_ is not None and _NINE.fullmatch(id_) is None:
                return (
                    f"{FROM_MODEL}Tool call id was {id_} but must be a-z, A-Z, 0-9, with a length "
                    "of 9."
                )
    return None


def input_is_object(request: CheckedRequest) -> str | None:
    """The arguments of a call are an object."""
    for at, position, block in request.blocks():
        if "toolUse" in block and not isinstance(block["toolUse"]["input"], dict):
            return _not_an_object(f"messages.{at}.content.{position}.toolUse.input")
    return None


def json_result_is_object(request: CheckedRequest) -> str | None:
    """A result given as JSON is an object."""
    for at, position, result in request.tool_results():
        for part, content in enumerate(result["content"]):
            if "json" in content and not isinstance(content["json"], dict):
                place = f"messages.{at}.content.{position}.toolResult.content.{part}.json"
                return _not_an_object(place)
    return None


def _not_an_object(place: str) -> str:
    return (
        f"The format of the value at {place} is invalid. Provide a json object for the field and "
        "try again."
    )


def schema_is_object(request: CheckedRequest) -> str | None:
    """The schema of a tool is that of an object."""
    for at, tool in enumerate(request.tools):
        schema = tool.get("toolSpec", {}).get("inputSchema", {}).get("json", {"type": "object"})
        if not isinstance(schema, dict) or schema.get("type") != "object":
            place = f"toolConfig.tools.{at}.toolSpec.inputSchema.json.type"
            return f"The value at {place} must be one of the following: object."
    return None


def root_without_composition(request: CheckedRequest) -> str | None:
    """The schema of a tool has no alternatives at its top."""
    for at, tool in enumerate(request.tools):
        schema = tool.get("toolSpec", {}).get("inputSchema", {}).get("json", {})
        if {"oneOf", "allOf", "anyOf"} & set(schema):
            return (
                f"{FROM_MODEL}tools.{at}.custom.input_schema: input_schema does not support oneOf, "
                "allOf, or anyOf at the top level"
            )
    return None


def unique_names(request: CheckedRequest) -> str | None:
    """No two tools have one name."""
    names = [tool["toolSpec"]["name"] for tool in request.tools if "toolSpec" in tool]
    if len(names) == len(set(names)):
        return None
    return f"{FROM_MODEL}tools: Tool names must be unique."


def choice_names_tool(request: CheckedRequest) -> str | None:
    """A forced tool is one of those that are defined."""
    if request.tool_choice != "tool":
        return None
    wanted = request.body["toolConfig"]["toolChoice"]["tool"]["name"]
    if any(tool.get("toolSpec", {}).get("name") == wanted for tool in request.tools):
        return None
    return f"{FROM_MODEL}Tool '{wanted}' not found in provided tools"


def choice_not_any(request: CheckedRequest) -> str | None:
    """The model cannot be made to call some tool."""
    return _choice_refused("any") if request.tool_choice == "any" else None


def choice_not_tool(request: CheckedRequest) -> str | None:
    """The model cannot be made to call a certain tool."""
    return _choice_refused("tool") if request.tool_choice == "tool" else None


def chosen_once(request: CheckedRequest) -> str | None:
    """A tool choice in the model's own fields excludes one of Converse."""
    if "tool_choice" not in request.additional or request.tool_choice is None:
        return None
    return f"{FROM_MODEL}The additional field tool_choice conflicts with toolConfig.toolChoice."


def _choice_refused(choice: str) -> str:
    return unsupported_field(f"toolConfig.toolChoice.{choice}")


def forced_accepted(request: CheckedRequest) -> str | None:
    """A model that cannot be made to call a tool is not."""
    if request.hosted.forced != "no" or request.tool_choice not in ("any", "tool"):
        return None
    return f'{FROM_MODEL}tool_choice: type "tool" and "any" are not supported for this model.'


def not_forced_while_thinking(request: CheckedRequest) -> str | None:
    """A model that thinks is not made to call a tool."""
    choice = request.tool_choice
    if request.hosted.forced != "not-thinking" or choice not in ("any", "tool"):
        return None
    if not request.thinks:
        return None
    if not request.is_claude:
        return _choice_refused(choice)
    return f"{FROM_MODEL}Thinking may not be enabled when tool_choice forces tool use."


def alone_in_turn(request: CheckedRequest) -> str | None:
    """Tool results share their turn with nothing else."""
    for role, _, blocks in request.turns():
        kinds = {kind for block in blocks for kind in block} - {"cachePoint"}
        if role == "user" and "toolResult" in kinds and len(kinds) > 1:
            return "Conversation blocks and tool result blocks cannot be provided in the same turn."
    return None


def no_status(request: CheckedRequest) -> str | None:
    """Tool results have no status."""
    if not any("status" in result for _, _, result in request.tool_results()):
        return None
    return (
        "This model doesn't support the toolResult.status field. Remove toolResult.status and try "
        "again."
    )


def no_media_in_result(*kinds: str) -> Callable[[CheckedRequest], str | None]:
    """Tool results hold none of these kinds of content."""

    def check(request: CheckedRequest) -> str | None:
        for _, _, result in request.tool_results():
            for kind in kinds:
                if any(kind in content for content in result["content"]):
                    return (
                        f"This model doesn't support the {kind} content block that you provided. "
                        "Update the content block and try again."
                    )
        return None

    return check


def extraneous_nova_result(request: CheckedRequest) -> str | None:
    """Nova's tool results hold no videos, and documents only in text formats."""
    for at, position, result in request.tool_results():
        for content in result["content"]:
            document = content.get("document", {})
            refused = document and document.get("format", "txt") not in _NOVA_TEXT_FORMATS
            if refused or "video" in content or "s3Location" in document.get("source", {}):
                return (
                    f"{FROM_MODEL}Malformed input request: #/messages/{at}/content/{position}: "
                    "extraneous key [toolResult] is not permitted, please reformat your input and "
                    "try again."
                )
    return None
