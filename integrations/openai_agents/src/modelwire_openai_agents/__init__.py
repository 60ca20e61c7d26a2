"""A model provider of the OpenAI Agents SDK over modelwire."""

from modelwire_openai_agents.model import ModelwireModel
from modelwire_openai_agents.provider import ModelwireProvider

__all__ = ["ModelwireModel", "ModelwireProvider"]
