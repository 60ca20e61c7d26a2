"""Media beyond the limits of a model: what is not sent of old messages, and what is an error.

An image that is refused would have every later turn refused, as it stays in the history. So one of
an earlier message becomes a placeholder, and only one that the user has just sent is an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import frozen

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import AssistantMessage, File, Image, Message, Text, UserMessage
from modelwire_bedrock.converse.image_size import image_size
from modelwire_bedrock.models.media_limits import MediaLimits

__all__ = ["unfit_media"]

_HINT = "Scale it down, or save it as JPEG."


@frozen
class _Item:
    """An image or a document in a history."""

    path: str
    is_new: bool
    problem: str | None
    edge: int = 0
    is_image: bool = True


def unfit_media(
    messages: Sequence[Message], limits: MediaLimits, kinds: Collection[str]
) -> Mapping[str, str]:
    """Find the images and documents that do not fit: the reason of each, by its path.

    Args:
        messages: The history.
        limits: What the model takes.
        kinds: The kinds of input that it takes; others are not sent anyway.

    Raises:
        InvalidMessage: The user's last message holds such an image; `problems` names each.
    """
    if limits == MediaLimits():
        return {}
    items = list(_items(messages, limits, kinds))
    unfit = {item.path: item.problem for item in items if item.problem is not None}
    fitting = [item for item in items if item.problem is None]
    unfit |= _beyond_edge_of_many(fitting, limits)
    fitting = [item for item in fitting if item.path not in unfit]
    unfit |= _beyond_count(fitting, limits)
    new = {item.path for item in items if item.is_new}
    problems = [Problem(path, reason) for path, reason in unfit.items() if path in new]
    if problems:
        msg = "The model does not take this image."
        raise InvalidMessage(msg, problems=problems, hint=_HINT)
    return unfit


def _items(
    messages: Sequence[Message], limits: MediaLimits, kinds: Collection[str]
) -> Iterator[_Item]:
    for number, message in enumerate(messages):
        if isinstance(message, AssistantMessage):
            continue
        # What a tool has found may be anything; the user cannot take it back.
        is_new = number == len(messages) - 1 and isinstance(message, UserMessage)
        for index, block in enumerate(message.content):
            if type(block) is Text:
                continue
            path = f"messages[{number}].content[{index}]"
            if isinstance(block, Image) and block.data and "image" in kinds:
                size = image_size(block.data)
                edge = max(size) if size else 0
                yield _Item(path, is_new, _problem(len(block.data), edge, limits), edge)
            elif isinstance(block, File) and block.data and block.kind in kinds:
                yield _Item(path, is_new, None, is_image=False)


def _problem(size: int, edge: int, limits: MediaLimits) -> str | None:
    encoded = (size + 2) // 3 * 4
    if limits.encoded_bytes is not None and encoded > limits.encoded_bytes:
        return (
            f"the image has {encoded:,} bytes in base64; at most {limits.encoded_bytes:,} are taken"
        )
    if limits.edge is not None and edge > limits.edge:
        return f"the image has an edge of {edge:,} pixels; at most {limits.edge:,} are taken"
    return None


def _beyond_edge_of_many(items: Sequence[_Item], limits: MediaLimits) -> dict[str, str]:
    """The oldest images whose edge is too long as long as there are many; none where there are few."""
    images = [item for item in items if item.is_image]
    if limits.many is None or limits.many_edge is None:
        return {}
    unfit: dict[str, str] = {}
    for item in images:
        if len(images) - len(unfit) <= limits.many:
            break
        if item.edge > limits.many_edge:
            unfit[item.path] = (
                f"the image has an edge of {item.edge:,} pixels; with more than {limits.many} images "
                f"in a request at most {limits.many_edge:,} are taken"
            )
    return unfit


def _beyond_count(items: Sequence[_Item], limits: MediaLimits) -> dict[str, str]:
    """The oldest items that are too many."""
    if limits.count is None:
        return {}
    surplus = items[: max(len(items) - limits.count, 0)]
    return {
        item.path: f"a request holds at most {limits.count} images and documents"
        for item in surplus
    }
