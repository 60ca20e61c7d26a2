"""JSON Schemas: what the engine's grammars express, and whether a value fits."""
