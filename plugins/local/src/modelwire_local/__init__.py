"""Language models on the user's own CPU, as a provider of modelwire."""
