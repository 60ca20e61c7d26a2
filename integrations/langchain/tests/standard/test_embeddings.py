"""LangChain's standard suites of embeddings over the emulated Bedrock."""

from typing import ClassVar

from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from modelwire_langchain import ModelwireEmbeddings

TITAN = {"model": "bedrock/amazon.titan-embed-text-v2:0"}


class TestUnit(EmbeddingsUnitTests):
    embeddings_class = ModelwireEmbeddings
    embedding_model_params: ClassVar = TITAN


class TestIntegration(EmbeddingsIntegrationTests):
    embeddings_class = ModelwireEmbeddings
    embedding_model_params: ClassVar = TITAN
