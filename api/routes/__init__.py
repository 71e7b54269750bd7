"""Thin JSON doors: parse, open the transaction, answer after it was committed."""
