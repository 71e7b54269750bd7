"""What a device is told about a row that changed after its cursor."""

from dataclasses import replace

import pytest

from sync.pull import Delivery, Place, changed_groups, delivery, set_of
from sync.scope import VillageScope
from sync.types import Json
from tests.builders import DESA, HOME_RT, NEIGHBOUR_RT, OTHER_FAMILY

HERE = VillageScope(DESA, frozenset({HOME_RT}))
EVERYWHERE = VillageScope(DESA, None)
PLACE = Place(rt=HOME_RT, rt_since=10, created_seq=10, left={}, alias=None)


@pytest.mark.parametrize(
    ("since", "expected"), [(9, Delivery.DOC), (10, Delivery.SET), (11, Delivery.SET)]
)
def test_a_row_is_told_whole_until_the_device_has_pulled_its_creation(
    since: int, expected: Delivery
) -> None:
    assert delivery(PLACE, HERE, since) is expected


def test_a_row_that_came_into_the_rt_is_told_whole() -> None:
    arrived = replace(PLACE, rt_since=20, left={NEIGHBOUR_RT: 20})
    assert delivery(arrived, HERE, 15) is Delivery.DOC
    assert delivery(arrived, HERE, 20) is Delivery.SET


def test_a_row_that_left_is_told_once_and_never_again() -> None:
    departed = replace(PLACE, rt=NEIGHBOUR_RT, rt_since=20, left={HOME_RT: 20})
    assert delivery(departed, HERE, 19) is Delivery.LEAVE
    assert delivery(departed, HERE, 20) is None
    assert delivery(departed, EVERYWHERE, 20) is Delivery.SET


def test_a_row_that_was_never_here_is_not_told_at_all() -> None:
    stranger = replace(PLACE, rt=NEIGHBOUR_RT, left={"009/001": 20})
    assert delivery(stranger, HERE, 0) is None


def test_an_alias_is_told_as_such_where_it_lies_and_leaves_like_any_row() -> None:
    alias = replace(PLACE, alias=OTHER_FAMILY)
    assert delivery(alias, HERE, 0) is Delivery.ALIAS
    assert delivery(replace(alias, rt=NEIGHBOUR_RT, left={HOME_RT: 9}), HERE, 0) is Delivery.LEAVE


def test_only_groups_stated_after_the_cursor_are_told() -> None:
    stamps: dict[str, list[list[Json]]] = {
        "alamat": [[12, "A", 1, None]],
        "no_kk": [[15, "B", 1, None], [11, "A", 2, None]],
        "hasil": [[10, "A", 3, None], [16, "B", 2, None]],
        "end": [[18, "A", 4, None]],
    }
    assert changed_groups("keluarga", stamps, 11) == ("alamat", "no_kk")
    assert changed_groups("keluarga", stamps, 14) == ("no_kk",)


def test_a_group_is_told_whole_and_null_means_cleared() -> None:
    fields: dict[str, Json] = {"rt": "003", "alamat": "Jalan Mawar", "luas_lantai": 30}
    assert set_of("keluarga", ["alamat"], fields) == {
        "alamat": "Jalan Mawar",
        "dusun": None,
        "rw": None,
        "rt": "003",
    }
