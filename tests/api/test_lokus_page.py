"""The district's page: readable without JavaScript, and telling no more than the role may know."""

import re

import pytest

from sync.permission import Role
from tests.api.listed import SHORT, measured_boy, poor_family, put
from tests.api.test_designations import designate, team
from tests.api.test_pages import Outline
from tests.api.village import Desk, desk
from tests.api.world import DESA, OTHER_DESA, World

DISTRICT = "1802"


def opened(who: Desk, query: str = "") -> str:
    answer = who.get(f"/kantor/lokus{query}")
    assert answer.status == 200, answer.body
    return answer.body.decode()


def words(page: str) -> str:
    """What a reader sees, without tags and runs of spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def ranked(world: World) -> World:
    """Two villages with poor families, the smaller one designated for stunting."""
    family = poor_family(6)
    put(world, [*family, *measured_boy(str(family[0]["id"]), SHORT)])
    put(world, [raw for _ in range(6) for raw in poor_family(2)], OTHER_DESA)
    designate(team(world), villages=[DESA])
    return world


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_page_is_whole_in_both_languages(ranked: World, lang: str) -> None:
    outline = Outline(opened(desk(ranked), f"?lang={lang}"))
    assert outline.open == []
    assert outline.values("html", "lang") == [lang]
    assert outline.tags.count("h1") == 1
    assert "script" not in outline.tags
    labelled = set(outline.values("label", "for"))
    assert labelled == {"area", "tahun", "desil"}
    assert labelled <= set(outline.values("input", "id")) | set(outline.values("select", "id"))


def test_villages_stand_in_order_with_the_rule_and_its_version(ranked: World) -> None:
    seen = words(opened(desk(ranked)))
    assert "Desa yang juga lokus stunting pada tahun itu didahulukan" in seen
    assert "Aturan desil1-stunting, versi 1" in seen
    assert seen.index("Contoh Satu") < seen.index("Contoh Dua")
    assert "2 desa: 19 jiwa dari 7 keluarga di desil 1" in seen
    assert "Tanpa desil: 0 keluarga." in seen
    assert "SK Bupati B/88/2026 15 Januari 2026" in seen
    assert "bukan diagnosis" in seen
    english = words(opened(desk(ranked, "budi"), "?lang=en"))
    assert "7 families in decile 1" in english
    assert "not a diagnosis" in english


def test_the_district_team_sees_no_small_number(ranked: World) -> None:
    seen = words(opened(team(ranked, "umi")))
    assert "Angka di bawah 5, dan angka yang membuatnya dapat dihitung, ditutup" in seen
    assert "Tanpa desil:" not in seen  # a sum of what is withheld would say none
    first = seen.partition(f"· {DESA}")[2].partition("2 Contoh Dua")[0]
    assert "ditutup dari ditutup keluarga" in first
    assert not re.search(r"\d", first), first
    assert "12" in seen.partition(f"· {OTHER_DESA}")[2]


def test_an_area_narrows_the_page_and_one_that_is_none_is_explained(ranked: World) -> None:
    sri = desk(ranked)
    assert "Contoh Dua" not in words(opened(sri, f"?area={DESA}")).partition("Urutan desa")[2]
    assert "Contoh Dua" in words(opened(sri, "?area=18.02.21"))
    assert "Kode wilayah terdiri dari 2, 4, 6, atau 10 angka" in words(opened(sri, "?area=18x"))
    assert '"&gt;&lt;b' not in opened(sri, "?area=%22><b")


def test_another_year_has_other_designations(ranked: World) -> None:
    seen = words(opened(desk(ranked), "?tahun=2025&desil=desil_provinsi"))
    assert "Belum ada desa yang ditetapkan" in seen
    assert seen.index("Contoh Satu") < seen.index("Contoh Dua")


def test_who_may_not_read_aggregates_is_refused(sqlite_world: World) -> None:
    for role in (Role.PETUGAS, Role.BIDAN):
        other = desk(sqlite_world, f"x{role.value}", role, code=DESA)
        assert other.get("/kantor/lokus").status == 403


def test_an_area_without_anything_says_so(sqlite_world: World) -> None:
    seen = words(opened(team(sqlite_world)))
    assert "Belum ada desa dengan daftar keluarga" in seen


def test_the_office_leads_there(sqlite_world: World) -> None:
    assert 'href="/kantor/lokus"' in team(sqlite_world).get("/kantor").body.decode()
