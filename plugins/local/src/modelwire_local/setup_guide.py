"""What `modelwire setup` offers who has nothing: a small model that needs no account."""

from __future__ import annotations

from modelwire.hookspecs import SetupGuide

__all__ = ["GUIDE"]

GUIDE = SetupGuide(title="Nothing: a small model that runs on this computer", provider="local")
