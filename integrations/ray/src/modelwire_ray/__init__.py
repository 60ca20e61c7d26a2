"""Model calls for the rows of Ray Data datasets."""

from modelwire_ray.ask import Ask
from modelwire_ray.quota import Quota

__all__ = ["Ask", "Quota"]
