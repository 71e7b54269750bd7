"""The vectors in `clients/vectors` are what the core and the SDK say today."""

import base64
import json
from pathlib import Path

import pytest
from lokus_client.canonical import canonical_json, operation_hash
from lokus_client.digest import digest_text, fingerprint

from tests.vectors.generate import FOLDER, vectors


def _cases(name: str) -> list[dict[str, object]]:
    cases: list[dict[str, object]] = json.loads((FOLDER / name).read_text())
    return cases


@pytest.mark.parametrize(("name", "text"), vectors().items())
def test_the_files_are_what_the_core_would_write_now(name: str, text: str) -> None:
    assert (FOLDER / name).read_text() == text, "run `python -m tests.vectors.generate`"


def test_the_page_beside_the_vectors_names_every_file() -> None:
    page = Path(FOLDER / "README.md").read_text()
    for name in vectors():
        assert f"`{name}`" in page


def test_the_client_writes_the_same_canonical_json() -> None:
    for case in _cases("canonical.json"):
        assert canonical_json(case["value"]).decode() == case["canonical"], case["name"]  # type: ignore[arg-type]  # JSON of a file


def test_the_client_hashes_operations_alike() -> None:
    for case in _cases("hashing.json"):
        assert operation_hash(case["operation"]) == case["sha256"], case["name"]  # type: ignore[arg-type]  # JSON of a file


def test_the_client_computes_the_same_digests() -> None:
    for case in _cases("digest.json"):
        rows = [(str(record), int(seq)) for record, seq in case["rows"]]  # type: ignore[attr-defined]  # JSON of a file
        assert digest_text(rows) == case["digest"], case["name"]
        entries = [fingerprint(record, seq) for record, seq in rows]
        assert entries == case["entries"]
        assert all(len(base64.b64decode(entry)) == 12 for entry in entries)
