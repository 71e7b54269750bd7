"""The door that speaks ODK Central's REST words, for reading: pyodk works with it unmodified.

It stands beside our own API under an address of its own, because both have sessions and mean other
things by them. A program's `base_url` is the server's address with `/central` behind it.
"""
