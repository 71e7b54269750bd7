"""From the list to the signature: a village's round through the real doors, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.queries.frozen import frozen_village
from sync.frozen import hash_of
from tests.api.rounds import (
    DESA,
    FAMILY,
    MEMBER,
    PERIOD,
    SECOND,
    Village,
    village_in_a_period,
)
from tests.api.village import assert_sound


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


def test_a_village_goes_all_the_way_from_its_list_to_its_signature(village: Village) -> None:
    assert village.state() == "daftar_terbuka"
    assert village.unmet() == {"rt-not-done": 1, "outcome-missing": 2, "meeting-unrecorded": 1}
    note = village.signed()
    assert village.state() == "disahkan"
    assert (note["method"], note["is_current"], note["unmet"]) == ("pin", True, {})
    with village.world.database.reading() as session:
        signed = frozen_village(session, DESA, PERIOD)
    assert signed is not None
    assert (signed.hash, signed.state) == (note["hash"], "disahkan")
    assert hash_of(signed.village.body()) == note["hash"]
    assert [family.id for family in signed.village.families] == [FAMILY, SECOND]
    family = signed.village.families[0]
    assert (family.listed, family.rt, family.doc["hasil"]) == (True, "003/001", "ditemukan")
    assert [member.id for member in family.members] == [MEMBER]
    assert len(family.visits) == 1
    assert_sound(village.world)
