"""A model of pydantic-ai over modelwire."""

from modelwire_pydantic_ai.model import ModelwireModel

__all__ = ["ModelwireModel"]
