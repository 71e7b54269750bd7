"""Bytes of other programs ↔ dataclasses: the edges of the service."""
