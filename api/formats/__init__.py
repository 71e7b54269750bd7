"""Files and values: what comes in becomes plain dataclasses, what goes out becomes bytes again."""
