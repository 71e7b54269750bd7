"""A signed village: the same bytes for ever, and a hash that notices every change."""

from dataclasses import replace

import pytest

from sync.frozen import (
    FrozenChild,
    FrozenFamily,
    FrozenMember,
    FrozenVillage,
    NotFrozen,
    hash_of,
    thaw,
)

MEMBER = FrozenMember(
    "m1",
    {"nama": "SITI AMINAH", "hamil": False, "jumlah_usaha": 0},
    listed=True,
    was={"nama": "SITI AMINA"},
    measurements=(FrozenChild("p1", {"berat_kg": 11.2}),),
)
FAMILY = FrozenFamily(
    "k1", "003/001", {"alamat": "Jl. Lintas"}, members=(MEMBER,), visits=(FrozenChild("v1", {}),)
)
ENDED = FrozenFamily("k0", "002/001", {}, end={"end": "pindah", "date": "2026-11-02"})
VILLAGE = FrozenVillage("1802212010", "2026-11", 812, "2026-11-20T09:00:00+07:00", (FAMILY, ENDED))


def test_what_was_frozen_is_thawed() -> None:
    thawed = thaw(VILLAGE.body(), hash_of(VILLAGE.body()))
    assert thawed == replace(VILLAGE, families=(ENDED, FAMILY))


def test_families_stand_in_the_order_of_rt_and_id_whatever_order_they_came_in() -> None:
    turned = replace(VILLAGE, families=VILLAGE.families[::-1])
    assert turned.body() == VILLAGE.body()


def test_a_no_and_a_zero_are_answers_and_stay() -> None:
    assert thaw(VILLAGE.body()).families[1].members[0].doc == MEMBER.doc


@pytest.mark.parametrize(
    "changed",
    [
        replace(VILLAGE, head=813),
        replace(VILLAGE, families=(FAMILY,)),
        replace(VILLAGE, families=(ENDED, replace(FAMILY, doc={"alamat": "Jl. Lintas 1"}))),
        replace(VILLAGE, families=(ENDED, replace(FAMILY, members=()))),
        replace(VILLAGE, families=(ENDED, replace(FAMILY, decision={"decision": "layak"}))),
    ],
)
def test_every_change_is_another_hash(changed: FrozenVillage) -> None:
    assert hash_of(changed.body()) != hash_of(VILLAGE.body())


def test_other_bytes_than_those_that_were_signed_are_refused() -> None:
    with pytest.raises(NotFrozen):
        thaw(VILLAGE.body(), "0" * 64)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]\n", b"\xff", VILLAGE.body()[:-40]])
def test_what_is_no_frozen_village_is_refused(body: bytes) -> None:
    with pytest.raises(NotFrozen):
        thaw(body)
