"""The page for strangers says what the code does."""

import json
import re
from pathlib import Path

from lokus_client.canonical import canonical_text, operation_hash
from lokus_client.conformance import RULES
from lokus_client.digest import digest_text, fingerprint

PAGE = (Path(__file__).parents[2] / "clients" / "README.md").read_text(encoding="utf-8")
RECORD = "0199a0a0-5c00-7000-8000-000000000001"


def test_the_canonical_example_has_the_hash_that_stands_beneath_it() -> None:
    example = re.search(r'^(\{"base":.*\})\n([0-9a-f]{64})$', PAGE, re.MULTILINE)
    assert example is not None
    operation = json.loads(example[1])
    assert canonical_text(operation) == example[1]
    assert operation_hash({"seq": 412, **operation}) == example[2]


def test_the_digest_example_is_right() -> None:
    assert digest_text([(RECORD, 18231)]) in PAGE
    assert fingerprint(RECORD, 18231) in PAGE


def test_the_number_of_rules_is_the_number_of_rules() -> None:
    assert f"checks {len(RULES)} rules" in PAGE
