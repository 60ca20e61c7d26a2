"""Limits of media: how large images may be, and how many a request may hold."""

from __future__ import annotations

from attrs import frozen

from modelwire_bedrock.models.families import Family

__all__ = ["MediaLimits", "media_limits"]


@frozen
class MediaLimits:
    """The limits of a family on images; `None` where no limit is known.

    Attributes:
        encoded_bytes: The maximum size of one image in base64, in bytes.
        edge: The maximum length of an edge in pixels.
        many: With more images than this, `many_edge` applies to each.
        many_edge: The maximum length of an edge in pixels, in a request of many images.
        count: The most images and documents of one request.
    """

    encoded_bytes: int | None = None
    edge: int | None = None
    many: int | None = None
    many_edge: int | None = None
    count: int | None = None


_MIB = 1024 * 1024

# By the beginning of a family's key, the longest that fits. evidence: reported, 2026-11, for Claude
# (aws-samples IDP#778 and #994, Kiro#10783, cline#1844). Of other families nothing is known.
_LIMITS: tuple[tuple[str, MediaLimits], ...] = (
    ("claude-3", MediaLimits(5 * _MIB, 8000, 20, 2000, count=20)),
    ("claude", MediaLimits(5 * _MIB, 8000, 20, 2000)),
)
_NONE = MediaLimits()


def media_limits(family: Family) -> MediaLimits:
    """The limits of a family; none where none are known."""
    return next((limits for start, limits in _LIMITS if family.key.startswith(start)), _NONE)
