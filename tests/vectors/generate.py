"""Write `clients/vectors/*.json` from the core: `python -m tests.vectors.generate`.

The files are checked in, so that whoever writes a client needs nothing but them; a test fails as
soon as the core would write other ones.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from sync.types import Json
from tests.vectors.expressions import expression_cases
from tests.vectors.merging import merge_cases
from tests.vectors.numbers import canonical_cases, clock_cases, digest_cases, hashing_cases
from tests.vectors.villages import push_cases

FOLDER = Path(__file__).parents[2] / "clients" / "vectors"


def vectors() -> Mapping[str, str]:
    """File name → its text."""
    files: dict[str, list[dict[str, Json]]] = {
        "canonical.json": canonical_cases(),
        "hashing.json": hashing_cases(),
        "digest.json": digest_cases(),
        "clock.json": clock_cases(),
        "merge.json": merge_cases(),
        "push.json": push_cases(),
        "expressions.json": expression_cases(),
    }
    return {name: _text(cases) for name, cases in files.items()}


def _text(cases: list[dict[str, Json]]) -> str:
    return json.dumps(cases, indent=1, ensure_ascii=True) + "\n"


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name, text in vectors().items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
