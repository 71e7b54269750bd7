"""Bytes ↔ dataclasses: the files that come in and the files that go out."""
