"""Whatever lists and the field say in whatever order: what the field verified stays, nothing that
was said comes again, and nobody is doubled."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.listed import ListedFamily
from sync.listing_plan import Verdict
from sync.listing_words import is_touched
from sync.types import ANGGOTA, KELUARGA, ConflictKind, Json, Record
from tests.builders import an_edit, an_end, elements
from tests.lists_in_memory import LANE, LISTED_FAMILY, NOVEMBER, OCTOBER, Lists, a_listed, a_member
from tests.village import Village

FLOORS = st.sampled_from(["keramik", "tanah", "bambu"])
NAMES = st.sampled_from(["Sutrisno", "Siti", "Budi"])
NIKS: Final = [f"18022101018500{n:02d}" for n in range(1, 6)]
KKS: Final = [f"18022121011000{n:02d}" for n in range(1, 4)]
LISTS: Final = frozenset({LANE})


@st.composite
def listings(draw: st.DrawFn) -> list[ListedFamily]:
    """A small list: few families, few people, numbers that clash and change homes."""
    families = []
    for row, number in enumerate(draw(st.permutations(KKS))[: draw(st.integers(1, 3))], 2):
        niks = draw(st.lists(st.sampled_from([*NIKS, None]), min_size=1, max_size=3))
        members = [a_member(row * 10 + n, nik=nik, nama=draw(NAMES)) for n, nik in enumerate(niks)]
        told: dict[str, Json] = {
            "no_kk": number,
            "jenis_lantai_terluas": draw(FLOORS),
            "desil_nasional": draw(st.integers(1, 3)),
            "program": list[Json](draw(st.lists(st.sampled_from(["pkh", "bpnt"]), unique=True))),
        }
        families.append(replace(a_listed(*members, row=row), fields={**LISTED_FAMILY, **told}))
    return families


DEEDS = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from(["floor", "name", "set", "end", "take-out"]), FLOORS
    ),
    max_size=4,
)


def works(village: Village, deeds: Sequence[tuple[int, str, str]]) -> None:
    """Somebody in the field, who has pulled, corrects a few records."""
    phone = village.phone("collector").pull()
    for choice, deed, floor in deeds:
        alive = [r for r in village.records.values() if r.alias is None and r.end is None]
        if not alive:
            return
        record = alive[choice % len(alive)]
        if deed == "end":
            phone.push(an_end(record.id, entity=record.entity))
        elif record.entity == ANGGOTA:
            phone.push(an_edit(record.id, entity=ANGGOTA, nama=f"Ibu {floor}"))
        elif deed == "floor":
            phone.push(an_edit(record.id, jenis_lantai_terluas=floor))
        elif deed == "name":
            phone.push(an_edit(record.id, nama_kepala_keluarga=f"Pak {floor}"))
        else:
            remove = ["pkh"] if deed == "take-out" else None
            phone.push(elements(record=record.id, add=["pbi"], remove=remove))


def verified(village: Village) -> dict[tuple[str, str], Any]:
    """Every value that the field stands behind, and every end."""
    return {
        (record.id, group): record.fields.get(group)
        for record in village.records.values()
        for group, stamps in record.stamps.items()
        if any(stamp.lane == "collector" for stamp in stamps) and group not in ("program", "end")
    } | {(r.id, "end"): r.end for r in village.records.values() if r.end is not None}


@settings(max_examples=60)
@given(listings(), DEEDS, listings())
def test_verified_values_stay_and_a_list_that_came_says_nothing_more(
    first: list[ListedFamily], deeds: list[tuple[int, str, str]], second: list[ListedFamily]
) -> None:
    village = Village(is_examined=False)
    lists = Lists(village)
    lists.bring(*first)
    assert lists.bring(*first).operations == []
    works(village, deeds)
    before = verified(village)
    again = lists.bring(*first)
    assert again.operations == [], "the field's answers do not make an old list new"
    newer = lists.bring(*second, source=NOVEMBER)
    assert before.items() <= verified(village).items()
    asked = {c.record for c in village.open_conflicts(ConflictKind.VALUE)}
    proposed = {one.record for one in newer.judged if one.verdict is Verdict.PROPOSED}
    assert proposed <= asked, "every proposal is a question"
    head = village.head
    assert lists.bring(*second, source=NOVEMBER).operations == []
    assert village.head == head


@settings(max_examples=60)
@given(listings(), DEEDS, listings())
def test_a_preview_says_what_the_import_then_does(
    first: list[ListedFamily], deeds: list[tuple[int, str, str]], second: list[ListedFamily]
) -> None:
    village = Village(is_examined=False)
    lists = Lists(village)
    lists.bring(*first)
    works(village, deeds)
    preview = lists.preview(*second, source=NOVEMBER)
    imported = lists.bring(*second, source=NOVEMBER)
    assert [one[:4] for one in preview.judged] == [one[:4] for one in imported.judged]
    assert preview.remarks == imported.remarks


@settings(max_examples=30)
@given(listings())
def test_every_row_of_a_first_list_is_somebody(listed: list[ListedFamily]) -> None:
    village = Village(is_examined=False)
    arrived = Lists(village).bring(*listed)
    rows = [m for family in listed for m in family.members]
    people = [r for r in village.records.values() if r.entity == ANGGOTA]
    assert len(people) + arrived.verdicts(ANGGOTA).count(Verdict.SAME) == len(rows)
    assert len(all_families(village)) == len(listed)
    assert not any(is_touched(record, LISTS) for record in village.records.values())


def all_families(village: Village) -> list[Record]:
    return [r for r in village.records.values() if r.entity == KELUARGA]


def test_two_editions_in_turn_reach_the_same_village_whatever_the_chunks() -> None:
    listed = [
        a_listed(a_member(row=n, nik=nik), no_kk=kk)
        for n, (nik, kk) in enumerate(zip(NIKS, KKS, strict=False))
    ]
    seen = []
    for per_chunk in (1, 2, 5):
        village = Village()
        lists = Lists(village)
        lists.bring(*listed, per_chunk=per_chunk)
        lists.bring(*reversed(listed), source=OCTOBER, per_chunk=per_chunk)
        seen.append(
            sorted((r.entity, str(sorted(r.fields.items()))) for r in village.records.values())
        )
    assert seen[0] == seen[1] == seen[2]
