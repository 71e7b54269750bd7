"""A fictional district to try everything on: areas that exist, families and people who do not."""
