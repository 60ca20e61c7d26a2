"""JSON5 documents as text: parsing, and editing that keeps comments and layout."""
