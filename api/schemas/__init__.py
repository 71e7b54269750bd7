"""Pydantic models of what crosses the wire."""
