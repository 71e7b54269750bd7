"""Use cases, one verb per file: what happens inside one transaction, told in a few lines."""
