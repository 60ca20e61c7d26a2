"""Batch inference: jobs of many Converse requests, whose files are in S3."""
