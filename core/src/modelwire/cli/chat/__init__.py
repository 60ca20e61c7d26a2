"""`modelwire chat`: a conversation in the terminal."""

from __future__ import annotations

__all__: list[str] = []
