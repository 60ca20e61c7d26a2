"""LangChain chat models and embeddings over modelwire."""

from modelwire_langchain.embeddings import ModelwireEmbeddings

__all__ = ["ModelwireEmbeddings"]
