"""LangChain chat models and embeddings over modelwire."""

from modelwire_langchain.chat_model import ChatModelwire
from modelwire_langchain.embeddings import ModelwireEmbeddings

__all__ = ["ChatModelwire", "ModelwireEmbeddings"]
