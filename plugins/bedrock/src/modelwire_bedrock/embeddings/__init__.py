"""Embeddings: InvokeModel with the bodies of the models that make them."""
