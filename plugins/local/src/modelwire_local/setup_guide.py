"""The setup guide for a small local model."""

from __future__ import annotations

from modelwire.hookspecs import SetupGuide

__all__ = ["GUIDE"]

GUIDE = SetupGuide(title="Nothing: a small model that runs on this computer", provider="local")
