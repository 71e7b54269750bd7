"""The RT of a family whose list does not say it."""

import pytest

from sync.placing import placed, rt_written_in


@pytest.mark.parametrize(
    ("address", "rt"),
    [
        ("JL MAWAR NO 3 RT 003 RW 001", "003/001"),
        ("Jl. Mawar RT.3/RW.1", "003/001"),
        ("DUSUN II RT 03/01", "003/001"),
        ("DUSUN II RT/RW 003/001", "003/001"),
        ("DUSUN II RT/RW: 3 / 1", "003/001"),
        ("rt 12, rw 4 umbul harapan", "012/004"),
        ("LK I RT003 RW002", "003/002"),
        ("KAMPUNG BARU RT 5", "005/"),
        ("KAMPUNG BARU RT.005", "005/"),
    ],
)
def test_an_address_that_says_its_rt_is_read(address: str, rt: str) -> None:
    assert rt_written_in(address) == rt


@pytest.mark.parametrize(
    "address",
    [
        "",
        "JL MAWAR NO 3",
        "JL ARTERI 12",
        "PASAR TENGAH",
        "RT 000 RW 000",
        "RT -",
        "RT 1234",
        "RT 001 RW 002 (DULU RT 003 RW 002)",
        "RT 1 ATAU RT 2",
    ],
)
def test_an_address_that_does_not_say_one_rt_says_none(address: str) -> None:
    assert rt_written_in(address) is None


def test_a_family_keeps_its_address_when_it_gets_its_rt() -> None:
    fields = {"alamat": "JL MAWAR", "dusun": "II", "rw": "009", "no_kk": "1802210101900001"}
    assert placed(fields, "003/001") == {
        "alamat": "JL MAWAR",
        "dusun": "II",
        "rt": "003",
        "rw": "001",
    }


def test_an_rt_without_rw_leaves_none() -> None:
    assert placed({"rw": "009"}, "003/") == {"rt": "003"}
