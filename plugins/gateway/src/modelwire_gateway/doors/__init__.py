"""The doors: one module for each API that clients of the gateway speak."""
