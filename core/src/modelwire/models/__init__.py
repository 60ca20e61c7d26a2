"""Models, and the references that name them."""

from modelwire.models.model import InputKind, Model, Prices, ReasoningLevel
from modelwire.models.model_list import ModelList
from modelwire.models.ref import ModelRef, fold_provider

__all__ = [
    "InputKind",
    "Model",
    "ModelList",
    "ModelRef",
    "Prices",
    "ReasoningLevel",
    "fold_provider",
]
