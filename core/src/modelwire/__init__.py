"""A provider registry for Python agents: name a model as `provider/model-id` and stream from it."""
