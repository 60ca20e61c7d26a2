"""A model of Strands Agents over modelwire."""

from modelwire_strands.model import ModelwireModel
from modelwire_strands.settings import ModelwireConfig, ModelwireSettings

__all__ = ["ModelwireConfig", "ModelwireModel", "ModelwireSettings"]
