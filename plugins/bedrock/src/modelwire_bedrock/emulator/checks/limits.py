"""Checks of sizes: tokens of the answer and the context window, and images."""

from __future__ import annotations

import math

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest
from modelwire_bedrock.emulator.pixels import pixels_of
from modelwire_bedrock.emulator.tokens import estimate

__all__ = [
    "answer_fits_model",
    "few_images",
    "image_bytes",
    "image_edges",
    "input_fits",
    "input_with_answer_fits",
]

IMAGE_BYTES = 5 * 1024 * 1024
"""The most bytes of an image, after base64."""
EDGE = 8000
"""The longest edge of an image, in pixels."""
EDGE_OF_MANY = 2000
"""The same in a request with more images than `MANY`."""
MANY = 20


def answer_fits_model(request: CheckedRequest) -> str | None:
    """`maxTokens` is no more than the model can answer."""
    limit, wanted = request.hosted.answer, request.inference.get("maxTokens")
    if limit is None or wanted is None or wanted <= limit:
        return None
    return (
        f"The maximum tokens you requested exceeds the model limit of {limit}. Try again with a "
        f"maximum tokens value that is lower than {limit}."
    )


def input_fits(request: CheckedRequest) -> str | None:
    """The input fits into the context window."""
    window = request.hosted.window
    if window is None or estimate(request.body) <= window:
        return None
    return "Input is too long for requested model."


def input_with_answer_fits(request: CheckedRequest) -> str | None:
    """The input and `maxTokens` fit into the context window together."""
    window, wanted = request.hosted.window, request.inference.get("maxTokens")
    if not request.hosted.strict_window or window is None or wanted is None:
        return None
    size = estimate(request.body)
    if size + wanted <= window:
        return None
    return (
        f"{FROM_MODEL}input length and `max_tokens` exceed context limit: {size} + {wanted} > "
        f"{window}, decrease input length or `max_tokens` and try again"
    )


def image_bytes(request: CheckedRequest) -> str | None:
    """No image has more than 5 MiB after base64."""
    for kind, place, block in request.media():
        data = block.get("source", {}).get("bytes")
        if kind != "image" or data is None:
            continue
        size = 4 * math.ceil(len(data) / 3)
        if size > IMAGE_BYTES:
            return (
                f"{FROM_MODEL}{place}.image.source.base64: image exceeds 5 MB maximum: {size} bytes"
                f" > {IMAGE_BYTES} bytes"
            )
    return None


def image_edges(request: CheckedRequest) -> str | None:
    """No edge of an image is too long, less so where there are many images."""
    images = [(place, block) for kind, place, block in request.media() if kind == "image"]
    many = len(images) > MANY
    longest, suffix = (EDGE_OF_MANY, " for many-image requests") if many else (EDGE, "")
    for place, block in images:
        size = pixels_of(block.get("source", {}).get("bytes") or b"")
        if size is not None and max(size) > longest:
            return (
                f"{FROM_MODEL}{place}.image.source.base64.data: At least one of the image "
                f"dimensions exceed max allowed size{suffix}: {longest} pixels"
            )
    return None


def few_images(request: CheckedRequest) -> str | None:
    """There are no more images and documents than the model takes."""
    most = request.hosted.images
    kinds = [kind for kind, _, _ in request.media()]
    images, documents = kinds.count("image"), kinds.count("document")
    if most is None or images + documents <= most:
        return None
    return f"{FROM_MODEL}too many images and documents: {images} + {documents} > {most}"
