"""User messages and tool results as Converse content blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from attrs import define, field

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import (
    File,
    FileKind,
    GuardContent,
    Image,
    MediaUrl,
    SearchResult,
    Text,
    ToolResultMessage,
    UserContent,
)
from modelwire.repair import NO_RESULT, MissingToolResult, clean_text, plain_block, text_of
from modelwire_bedrock.converse.citations import document_options, guard_block, search_block
from modelwire_bedrock.converse.media import (
    IMAGE_OMITTED,
    TEXT_DOCUMENTS,
    TOOL_IMAGE_OMITTED,
    file_block,
    file_omitted,
    image_block,
    stored_block,
)
from modelwire_bedrock.converse.rendering import Rendering

__all__ = ["BLANK", "ToolResultBlocks", "missing_result", "render_user", "result_of", "text_block"]

BLANK = "The service refuses blank text."
NO_OUTPUT = "(no output)"

_PLURALS = {"image": "images", "document": "documents", "video": "videos", "audio": "sounds"}


@define
class ToolResultBlocks:
    """A tool's result as content blocks.

    Attributes:
        blocks: The result itself.
        beside: The content put into the user's turn because the result may not hold it.
    """

    blocks: list[dict[str, Any]]
    beside: list[dict[str, Any]] = field(factory=list)


def render_user(
    content: Sequence[UserContent], path: str, rendering: Rendering, *, by_tool: bool = False
) -> list[dict[str, Any]]:
    """Write text, images and files as content blocks, without the blank and the empty ones.

    Raises:
        InvalidMessage: An image or a file is of a kind that the service does not take.
    """
    blocks: list[dict[str, Any]] = []
    for index, block in enumerate(content):
        place = f"{path}.content[{index}]"
        if type(block) is Text:
            plain: Any = block
        else:
            plain = _plain(block, place, rendering, by_tool=by_tool)
        if isinstance(plain, Text):
            written = text_block(plain, place, rendering)
        elif isinstance(plain, dict):
            written = plain
        elif plain is None:
            continue
        else:
            written = _media(plain, place, rendering, by_tool=by_tool)
            # One placeholder is enough.
            if written is not None and "text" in written and blocks[-1:] == [written]:
                continue
        if written is not None:
            blocks.append(written)
    return blocks


def _plain(
    block: UserContent, path: str, rendering: Rendering, *, by_tool: bool
) -> Text | Image | File | MediaUrl | dict[str, Any] | None:
    """A block unchanged in the form of Converse, or in the nearest form that the model takes."""
    if isinstance(block, MediaUrl):
        return block
    if isinstance(block, SearchResult) and rendering.cites:
        rendering.sources["search_result"].append(bool(block.citations))
        return search_block(block)
    if isinstance(block, GuardContent) and not by_tool:
        guarded = guard_block(block)
        if guarded is not None:
            return guarded
    return plain_block(block, path, rendering.changes, cited=rendering.cites)


def text_block(block: Text, path: str, rendering: Rendering) -> dict[str, Any] | None:
    """Write text; blank text, which the service refuses, is left out."""
    text = text_of(block, path, rendering.changes, blank=BLANK)
    return None if text is None else {"text": text}


def _media(
    block: Image | File | MediaUrl, path: str, rendering: Rendering, *, by_tool: bool
) -> dict[str, Any] | None:
    reason = rendering.unfit.get(path)
    if reason is not None:
        rendering.changes.rewritten(path, f"A placeholder replaces it: {reason}.")
        return {"text": f"({_kind(block)} omitted: {reason})"}
    try:
        return _accepted(block, path, rendering, by_tool=by_tool)
    except InvalidMessage as error:
        if path.startswith(f"{rendering.newest}."):
            raise
        # In an earlier message it would have every later turn refused.
        rendering.changes.rewritten(path, f"A placeholder replaces it: {error.message}")
        return {"text": f"({_kind(block)} omitted: its format is not supported)"}


def _kind(block: Image | File | MediaUrl) -> FileKind | Literal["image"]:
    return "image" if isinstance(block, Image) else block.kind


def _accepted(
    block: Image | File | MediaUrl, path: str, rendering: Rendering, *, by_tool: bool
) -> dict[str, Any]:
    kind = _kind(block)
    if not rendering.takes(kind):
        return _omitted(kind, path, rendering, by_tool=by_tool)
    if isinstance(block, Image):
        return image_block(block, path)
    if isinstance(block, MediaUrl):
        written = _stored(block, path, rendering, by_tool=by_tool)
    else:
        written = file_block(block, path, rendering.documents)
    if kind == "document":
        written["document"] |= document_options(block)
        rendering.sources["document"].append(bool(block.citations))
    return written


def _omitted(
    kind: FileKind | Literal["image"], path: str, rendering: Rendering, *, by_tool: bool
) -> dict[str, Any]:
    if kind == "image":
        rendering.changes.rewritten(
            path, "The model does not take images; a placeholder replaces it."
        )
        return {"text": TOOL_IMAGE_OMITTED if by_tool else IMAGE_OMITTED}
    rendering.changes.rewritten(
        path, f"The model does not take this {kind}; a placeholder replaces it."
    )
    return {"text": file_omitted(kind, by_tool=by_tool)}


def _stored(media: MediaUrl, path: str, rendering: Rendering, *, by_tool: bool) -> dict[str, Any]:
    written = stored_block(media, path, rendering.documents)
    if rendering.fetches(media.kind, by_tool=by_tool):
        return written
    problem = Problem(f"{path}.url", f"Claude takes no {media.kind} from Amazon S3 here")
    msg = f"The model does not take this {media.kind} from Amazon S3."
    raise InvalidMessage(msg, problems=[problem], hint="Send the bytes of the file.")


def result_of(
    message: ToolResultMessage, wire_id: str, path: str, rendering: Rendering
) -> ToolResultBlocks:
    """Write a tool's result.

    Raises:
        InvalidMessage: An image or a file is of a kind that the service does not take.
    """
    content = render_user(message.content, path, rendering, by_tool=True)
    if not content:
        rendering.changes.added(path, f"The result is empty; it says {NO_OUTPUT!r}.")
        content = [{"text": NO_OUTPUT}]
    if not rendering.tool_blocks:
        rendering.changes.rewritten(
            path, "Without tools the service refuses tool results; it is sent as text."
        )
        return ToolResultBlocks(
            [_result_heading(message.tool_name, failed=message.is_error), *content]
        )
    content, beside = _place_media(content, wire_id, path, rendering, failed=message.is_error)
    return ToolResultBlocks(
        [_result(wire_id, content, rendering, failed=message.is_error, path=path)], beside
    )


def missing_result(call: MissingToolResult, rendering: Rendering) -> list[dict[str, Any]]:
    """Write the result of a call that never got one, as that of a tool that failed."""
    content = [{"text": NO_RESULT}]
    if not rendering.tool_blocks:
        return [_result_heading(call.call.name, failed=True), *content]
    return [_result(call.wire_id, content, rendering, failed=True, path=call.path)]


def _result_heading(name: str, *, failed: bool) -> dict[str, Any]:
    return {"text": f"[Tool result: {clean_text(name)}{' (error)' if failed else ''}]:"}


def _place_media(
    content: list[dict[str, Any]], wire_id: str, path: str, rendering: Rendering, *, failed: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Put images and files beside the result where the family does not take them inside."""
    inside = [_fits_result(block, rendering, failed=failed) for block in content]
    if all(inside):
        return content, []
    moved = [block for block, fits in zip(content, inside, strict=True) if not fits]
    kinds = {_PLURALS[kind] for block in moved for kind in block}
    what = kinds.pop() if len(kinds) == 1 else "files"
    label = f"{what.capitalize()} from tool result {wire_id}:"
    rendering.changes.note(
        "moved",
        path,
        f"{rendering.family.key} takes no such {what} in this tool result; they follow it.",
    )
    kept = [block for block, fits in zip(content, inside, strict=True) if fits]
    kept.append({"text": f'(see attached {what} labeled "{label}")'})
    return kept, [{"text": label}, *moved]


def _fits_result(block: dict[str, Any], rendering: Rendering, *, failed: bool) -> bool:
    """Whether the family takes this in a tool's result."""
    family = rendering.family
    if "text" in block or "searchResult" in block:
        return True
    if failed and not family.failed_result_media:
        return False
    if "image" in block:
        return family.result_images
    if "document" in block and family.result_documents == "text":
        stored = "s3Location" in block["document"]["source"]
        return not stored and block["document"]["format"] in TEXT_DOCUMENTS
    return "document" in block and family.result_documents == "any"


def _result(
    wire_id: str, content: list[dict[str, Any]], rendering: Rendering, *, failed: bool, path: str
) -> dict[str, Any]:
    result: dict[str, Any] = {"toolUseId": wire_id, "content": content}
    if rendering.family.result_status:
        result["status"] = "error" if failed else "success"
    elif failed:
        rendering.changes.rewritten(
            path, f"{rendering.family.key} takes no status; the text says that the tool failed."
        )
        result["content"] = [{"text": "The tool failed:"}, *content]
    return {"toolResult": result}
