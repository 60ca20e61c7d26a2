"""The report of `modelwire local status`: what is there and what is missing."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from modelwire.errors import PluginError
from modelwire_local.models import INSTALL_HINT, MODEL_ID, find_weights, verify_weights
from modelwire_local.processor import missing_features
from modelwire_local.requirements import engine_version, import_engine

__all__ = ["Part", "examine"]


@frozen
class Part:
    """One thing that the embedded model needs.

    Attributes:
        name: What it is: `processor`, `engine` or `weights`.
        ok: Whether it is there and works.
        detail: What was found.
        hint: What to do about it, if it is not ok.
    """

    name: str
    ok: bool
    detail: str
    hint: str | None = None


def examine() -> list[Part]:
    """Check the processor, import the engine and read the weights."""
    return [_processor(), _engine(), _weights()]


def _processor() -> Part:
    missing = missing_features()
    if missing:
        hint = "Use a machine with AVX2, or build xllamacpp from source for this one."
        return Part("processor", ok=False, detail=f"lacks {', '.join(missing)}", hint=hint)
    return Part("processor", ok=True, detail="has what the engine needs")


def _engine() -> Part:
    try:
        import_engine()
    except PluginError as error:
        return Part("engine", ok=False, detail=error.message, hint=error.hint)
    return Part("engine", ok=True, detail=f"xllamacpp {engine_version() or 'of unknown version'}")


def _weights() -> Part:
    path: Path | None = find_weights()
    if path is None:
        return Part("weights", ok=False, detail=f"{MODEL_ID} is not installed", hint=INSTALL_HINT)
    try:
        verify_weights(path)
    except PluginError as error:
        return Part("weights", ok=False, detail=error.message, hint=error.hint)
    return Part("weights", ok=True, detail=str(path))
