"""The form that states an RT as done, as somebody fills it in Collect."""

from collections.abc import Callable

import pytest

from tests.odk.conftest import Examined
from tests.odk.javarosa import Answer, Filled, Phone, Refused

MINE = "1802212001:003/001"
OTHER = "1802212001:004/001"

Fill = Callable[..., Filled]


@pytest.fixture
def state(examined: Examined, phone_for: Callable[[str], Phone]) -> Fill:
    def fill(again: dict[str, Answer] | None = None, **answers: Answer) -> Filled:
        return phone_for("rt_selesai").fill(examined("rt_selesai").xml, answers, again=again)

    return fill


def test_one_chooses_his_rt_and_confirms(state: Fill) -> None:
    filled = state(rt=MINE, selesai="ya")
    assert filled.shown("rt").choices == (MINE, OTHER)
    assert filled.shown("periode").value == "2026-11"
    assert "Dari 41 keluarga, 3 belum ada hasilnya" in filled.shown("belum_semua").label
    assert not filled.was_asked("sudah_dinyatakan")
    values = filled.values()
    assert (values["rt"], values["periode"], values["selesai"]) == (MINE, "2026-11", "ya")
    assert filled.entities == ()


def test_an_rt_that_is_done_and_stated_says_so(state: Fill) -> None:
    filled = state(rt=OTHER, selesai="tidak", catatan="satu terlewat")
    assert not filled.was_asked("belum_semua")
    assert "2026-11-20" in filled.shown("sudah_dinyatakan").label
    assert filled.values()["catatan"] == "satu terlewat"


def test_another_choice_brings_another_rts_numbers(state: Fill) -> None:
    filled = state(again={"rt": OTHER}, rt=MINE, selesai="ya")
    assert "RT 004/001" in filled.xml.decode()
    assert filled.values()["belum"] == "0"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"selesai": None}, "required"),
        ({"periode": None}, "required"),
        ({"periode": "bulan ini"}, "constraint"),
        ({"rt": "1802212001:009/009"}, "not-offered"),
    ],
)
def test_half_a_statement_is_stopped_on_the_phone(
    state: Fill, wrong: dict[str, Answer], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        state(**{"rt": MINE, "selesai": "ya", **wrong})
