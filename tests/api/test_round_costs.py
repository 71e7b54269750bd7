"""A round is decided in a number of statements that does not grow with the village."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.api.device import answered
from tests.api.recording import recorded
from tests.api.rounds import BASE, DESA, Desk, Village, import_list, record_id, village_in_a_period

FAMILIES = 60
ONE_SECOND = timedelta(seconds=1)


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


def grow(village: Village) -> None:
    """Many more families on the list, each with its head."""
    rows = []
    for n in range(FAMILIES):
        family, head = record_id(1000 + n), record_id(2000 + n)
        rows += [
            {"kind": "create", "entity": "keluarga", "id": family,
             "set": {"nama_kepala_keluarga": "CONTOH", "rt": "003", "rw": "001"}},
            {"kind": "create", "entity": "anggota", "id": head, "parent": family,
             "set": {"nama": "CONTOH", "hubungan_keluarga": "kepala_keluarga"}},
        ]  # fmt: skip
    import_list(village.world, rows)


def statements(who: Desk, path: str) -> list[str]:
    with recorded() as seen:
        answered(who.get(path))
    return [one.summary for one in seen]


@pytest.mark.parametrize("path", ["/checks?limit=1000", "/musyawarah", ""])
def test_looking_at_a_village_costs_the_same_however_large_it_is(
    village: Village, path: str
) -> None:
    small = statements(village.operator, BASE + path)
    grow(village)
    assert statements(village.operator, BASE + path) == small
    assert len(small) <= 16


def test_the_overview_of_a_period_costs_the_same_for_any_number_of_families(
    village: Village,
) -> None:
    small = statements(village.sari, "/v1/rounds?period=2026-11")
    grow(village)
    assert statements(village.sari, "/v1/rounds?period=2026-11") == small
    (row,) = village.sari.read("/v1/rounds?period=2026-11")["villages"]
    assert (row["desa"], row["families"]) == (DESA, FAMILIES + 2)


def test_freezing_and_signing_cost_the_same_as_well(village: Village) -> None:
    village.to_musyawarah()
    with recorded() as few:
        village.freeze()
    grow(village)
    village.world.clock.advance(ONE_SECOND)
    with recorded() as many:
        note = village.freeze()
    assert [one.summary for one in many] == [one.summary for one in few]
    assert note["families"] == FAMILIES + 2
