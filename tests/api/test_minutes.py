"""The berita acara: what it counts, what it is worth, who may read which number; and its check."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.services.localities import Locality, words
from api.services.minutes import Minutes, Standing, standing_of
from api.web.printing.minutes_page import minutes_html
from api.web.printing.tallies import Annex, annex_of, tallied
from models.queries.frozen import FrozenNote
from models.queries.musyawarahs import Attendant, Meeting
from sync.frozen import FrozenChild, FrozenFamily, FrozenMember, FrozenVillage
from sync.permission import Role
from sync.types import Json
from tests.api.rounds import FAMILY, PERIOD, Village, village_in_a_period
from tests.api.village import audited, desk
from tests.api.world import DESA, OTHER_DESA

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
NIK = "1802210101900001"
PLACE = Locality(
    DESA, "Contoh", words()["kampung"], "Anak Tuha", "Lampung Tengah", "kabupaten", "Lampung"
)
PRINT = f"/kantor/cetak/berita-acara/{DESA}/{PERIOD}"


def a_family(name: str = "a", rt: str = "001/001", **parts: object) -> FrozenFamily:
    doc = {"nama_kepala_keluarga": name.upper(), "hasil": "ditemukan", "no_kk": "1802212101100001"}
    known: dict[str, object] = {"doc": doc, "listed": True, **parts}
    return FrozenFamily(name, rt, **known)  # type: ignore[arg-type]  # parts of a family


def said(**fields: Json) -> dict[str, Json]:
    return {"nama_kepala_keluarga": "CONTOH", **fields}


def a_note(**parts: object) -> FrozenNote:
    known: dict[str, object] = {
        "desa": DESA, "period": PERIOD, "hash": "ab" * 32, "code": "K7QF2MTA5XWE3LPB", "head": 9,
        "event": 5, "frozen_at": NOW, "account_id": None, "families": 1, "members": 1, "unmet": {},
        **parts,
    }  # fmt: skip
    return FrozenNote(**known)  # type: ignore[arg-type]  # parts of a note


def minutes_of(
    *families: FrozenFamily, note: FrozenNote | None = None, meeting: Meeting | None = None
) -> Minutes:
    village = FrozenVillage(DESA, PERIOD, 9, "2026-11-28T13:00:00+07:00", families)
    return Minutes(
        PLACE, village, note, standing_of(note), meeting or Meeting(), "SUPARDI", "Ani Contoh",
        "kades" if note is not None and note.signed_by else "", (12, "cd" * 32),
        "http://127.0.0.1:8000/periksa/", NOW,
    )  # fmt: skip


def page_of(minutes: Minutes, role: Role = Role.OPERATOR_DESA) -> str:
    return minutes_html(minutes, role, ZoneInfo("Asia/Jakarta"))


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("</style>")[2]))


# Where a family stands -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "annex"),
    [
        (a_family(doc=said(hasil="ditemukan", kemampuan="tidak_mampu")), Annex.LAYAK),
        (a_family(doc=said(hasil="ditemukan")), Annex.LAYAK),
        (a_family(doc=said(hasil="ditemukan", kemampuan="mampu")), Annex.TIDAK_LAYAK),
        (a_family(doc=said(hasil="ditemukan", alasan_tidak_layak="asn_tni_polri")),
         Annex.TIDAK_LAYAK),
        (a_family(doc=said(hasil="ditemukan", kemampuan="mampu"), decision={"decision": "layak"}),
         Annex.LAYAK),
        (a_family(decision={"decision": "tidak_layak", "reason": "x"}), Annex.TIDAK_LAYAK),
        (a_family(decision={"decision": "ditunda", "reason": "x"}), Annex.DITUNDA),
        (a_family(doc=said(hasil="usulan_baru"), listed=False), Annex.USULAN_BARU),
        (a_family(doc=said(), listed=False), Annex.USULAN_BARU),
        (a_family(doc=said()), Annex.BELUM),
        (a_family(doc=said(hasil="tidak_ditemukan", hasil_alasan="pindah")), Annex.TIDAK_DITEMUKAN),
        (a_family(doc=said(hasil="data_ganda")), Annex.GANDA),
        (a_family(end={"end": "pindah", "date": "2026-11-02"}), Annex.PINDAH),
        (a_family(end={"end": "meninggal", "date": "2026-11-02"}), Annex.MENINGGAL),
        (a_family(end={"end": "ganda", "date": "2026-11-02", "twin": "b"}), Annex.GANDA),
        (a_family(visits=(FrozenChild("v", {"waktu": "2026-11-02", "hasil": "menolak"}),)),
         Annex.MENOLAK),
        (a_family(end={"end": "pindah", "date": "2026-11-02"}, decision={"decision": "layak"}),
         Annex.PINDAH),
    ],
)  # fmt: skip
def test_every_family_stands_on_exactly_one_list(family: FrozenFamily, annex: Annex) -> None:
    assert annex_of(family) is annex


def test_the_lists_add_up_to_the_village_and_to_each_rt() -> None:
    families = [
        a_family("a", "001/001"),
        a_family("b", "001/001", doc=said(hasil="data_ganda")),
        a_family("c", "002/001", end={"end": "pindah", "date": "2026-11-02"}),
    ]
    village = FrozenVillage(DESA, PERIOD, 1, "", tuple(families))
    tallies = tallied(village)
    assert tallies.families == 3
    assert sum(map(Counter.total, tallies.by_rt.values())) == 3
    assert tallies.by_rt["001/001"] == {Annex.LAYAK: 1, Annex.GANDA: 1}


def test_programmes_are_counted_of_families_that_are_there_and_of_their_people() -> None:
    person = FrozenMember("m", {"program": ["pbi"]})
    doc = said(hasil="ditemukan", program=["pkh"], program_diusulkan=["bpnt"])
    there = a_family("a", doc=doc, members=(person, person))
    gone = a_family("b", doc=doc, end={"end": "pindah", "date": "2026-11-02"}, members=(person,))
    counted = {
        one.name: (one.families, one.people, one.proposed)
        for one in tallied(FrozenVillage(DESA, PERIOD, 1, "", (there, gone))).programmes
    }
    assert counted["PKH"] == (1, 0, 0)
    assert counted["PBI"] == (0, 2, 0)
    assert counted["BPNT"] == (0, 0, 1)


def test_who_died_or_moved_out_of_a_family_that_goes_on_is_listed_by_name() -> None:
    dead = FrozenMember("m", {"nama": "KAKEK"}, {"end": "meninggal", "date": "2026-10-01",
                                                "number": "474/12"})  # fmt: skip
    moved = FrozenMember("n", {"nama": "PAMAN", "keberadaan": "pindah_wilayah"})
    text = text_of(page_of(minutes_of(a_family(members=(dead, moved)))))
    assert "Perubahan anggota keluarga: 2" in text
    assert re.search(r"KAKEK .*? meninggal 01-10-2026, 474/12", text)
    assert re.search(r"PAMAN .*? pindah ", text)


# What it says --------------------------------------------------------------------------------


def test_it_uses_the_districts_words_and_writes_the_day_out() -> None:
    meeting = Meeting(1, "Balai Kampung", date(2026, 11, 28), (Attendant("Budi", "Ketua RT"),))
    text = text_of(page_of(minutes_of(a_family(), meeting=meeting)))
    for expected in (
        "Pemerintah kabupaten Lampung Tengah", "Kecamatan Anak Tuha", "Kampung Contoh",
        "Berita acara musyawarah kampung",
        "Sabtu, tanggal dua puluh delapan, bulan November, tahun dua ribu dua puluh enam",
        "(28-11-2026), bertempat di Balai Kampung",
        "dihadiri 1 (satu) orang", "Kepala kampung Contoh", "Operator kampung", "SUPARDI",
        "Wakil peserta musyawarah", "1 Budi Ketua RT",
    ):  # fmt: skip
        assert expected in text, expected


def test_before_the_meeting_there_are_lines_to_be_filled_in() -> None:
    text = text_of(page_of(minutes_of()))
    assert "dihadiri ………… orang" in text
    assert "Musyawarah membahas daftar 0 (nol) keluarga" in text


def test_a_draft_says_so_on_each_page_and_has_no_code() -> None:
    html = page_of(minutes_of(a_family()))
    pages = html.split('<section class="sheet">')[1:]
    assert all('<div class="draft"' in page and "<b>DRAF</b>" in page for page in pages)
    assert "<svg" not in html
    assert "Belum dibekukan" in html


def test_what_was_frozen_bears_its_hash_code_and_audit_head_on_paper() -> None:
    html = page_of(minutes_of(a_family(), note=a_note()))
    text = text_of(html)
    assert "UNTUK DITANDATANGANI" in text
    assert '<div class="draft"' not in html
    assert "abab abab abab" in text
    assert "K7QF 2MTA 5XWE 3LPB" in text
    assert "12: cdcd cdcd cdcd cdcd …" in text
    assert html.count("<svg") == 1
    for page in html.split('<section class="sheet">')[1:]:
        assert "kode K7QF 2MTA 5XWE 3LPB" in page


def test_what_was_frozen_with_checks_that_are_not_met_is_a_draft() -> None:
    assert standing_of(a_note(unmet={"conflict-open": 2})) is Standing.DRAFT
    assert "2 hal belum terpenuhi" in page_of(minutes_of(note=a_note(unmet={"conflict-open": 2})))


def test_after_the_signature_it_says_who_when_and_how() -> None:
    signed = a_note(signed_at=NOW, method="pin", signed_by="x", is_current=True)
    assert "Disahkan dengan PIN oleh akun kades pada 28 November 2026 pukul 13.00 WIB." in text_of(
        page_of(minutes_of(a_family(), note=signed))
    )
    paper = a_note(signed_at=NOW, method="kertas", signed_by="x", is_current=False)
    text = text_of(page_of(minutes_of(a_family(), note=paper)))
    assert "Disahkan di atas kertas, pindaian diserahkan" in text
    assert "TIDAK BERLAKU LAGI" in text


def test_numbers_are_whole_in_the_lists_and_their_last_digits_elsewhere() -> None:
    head = FrozenMember("m", {"nik": NIK, "hubungan_keluarga": "kepala_keluarga"})
    decided = a_family(members=(head,), decision={"decision": "layak", "reason": "miskin"})
    html = page_of(minutes_of(decided))
    body, _, lists = html.partition("Lampiran 1.")
    assert NIK not in body
    assert "…0001" in body
    assert NIK in lists


def test_who_may_not_read_numbers_finds_none() -> None:
    head = FrozenMember("m", {"nik": NIK, "hubungan_keluarga": "kepala_keluarga"})
    html = page_of(minutes_of(a_family(members=(head,))), role=Role.TKPK)
    assert not re.search(r"\d{16}", html)


def test_what_people_wrote_cannot_become_markup() -> None:
    nasty = "<script>x</script>"
    meeting = Meeting(1, nasty, date(2026, 11, 28), (Attendant(nasty, nasty),), nasty)
    family = a_family(doc=said(hasil="ditemukan", alamat=nasty, nama_kepala_keluarga=nasty),
                      decision={"decision": "layak", "reason": nasty})  # fmt: skip
    assert "<script" not in page_of(minutes_of(family, meeting=meeting))


# Through the doors ---------------------------------------------------------------------------


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


def test_a_berita_acara_goes_from_draft_to_signed_and_stays_what_was_signed(
    village: Village,
) -> None:
    assert ">DRAF<" in village.operator.get(PRINT).body.decode()
    village.to_musyawarah()
    note = village.freeze()
    assert "UNTUK DITANDATANGANI" in village.operator.get(PRINT).body.decode()
    assert village.sign(note["hash"]).status == 200
    signed = village.operator.get(PRINT).body.decode()
    assert "DISAHKAN" in signed
    assert "dengan PIN oleh akun kades" in signed
    assert "1802210101900001" in signed
    village.ani.sync()
    later = village.ani.edit(FAMILY, village.ani.since, nama_kepala_keluarga="LAIN")
    village.ani.push([later])
    assert "LAIN" not in village.operator.get(PRINT).body.decode()
    read = audited(village.world, "berita-acara-read")
    assert [one["hash"] for one in read] == [None, note["hash"], note["hash"], note["hash"]]


def test_only_who_may_print_reads_it_and_only_of_the_own_village(village: Village) -> None:
    elsewhere = desk(village.world, "lain", Role.OPERATOR_DESA, code=OTHER_DESA)
    assert elsewhere.get(PRINT).problem == "not-found"
    assert village.ani.get(PRINT).problem == "not-permitted"
    assert village.operator.get(PRINT + f"?sidik={'0' * 64}").problem == "not-found"
    assert village.operator.get(PRINT.replace(PERIOD, "2027-01")).problem == "not-found"


def test_anybody_who_holds_the_paper_can_check_it_without_names(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    draft = check(village, note["code"])
    assert (draft["valid"], draft["standing"], draft["signed_at"]) == (False, "draft", None)
    assert village.sign(note["hash"]).status == 200
    told = check(village, note["code"])
    assert told == {
        "valid": True, "kind": "berita-acara", "standing": "signed", "desa": DESA,
        "village": "Contoh Satu", "period": PERIOD, "hash": note["hash"], "families": 2,
        "members": 2, "frozen_at": told["frozen_at"], "signed_at": told["signed_at"],
        "method": "pin",
    }  # fmt: skip
    headers = {"accept": "text/html"}
    page = village.world.call("GET", f"/periksa/{note['code'].lower()}", b"", headers)
    html = page.body.decode()
    assert page.status == 200
    assert "Berita acara sah" in html
    assert "2 keluarga, 2 orang" in html
    for name in ("CONTOH", "kades", "operator", "180221010190"):
        assert name not in html


def test_a_village_that_was_opened_again_does_not_stand_by_its_paper(village: Village) -> None:
    first = village.signed()
    assert village.step(village.sari, "dibuka_kembali", reason="salah hitung").status == 200
    assert check(village, first["code"])["standing"] == "reopened"
    assert village.step(village.operator, "buka_musyawarah").status == 200
    village.world.clock.advance(timedelta(hours=1))
    again = village.freeze()
    assert village.sign(again["hash"]).status == 200
    assert check(village, first["code"])["standing"] == "superseded"
    assert check(village, again["code"])["standing"] == "signed"


def test_a_forged_code_is_as_unknown_as_any(village: Village) -> None:
    note = village.signed()
    other = ("A" if note["code"][0] != "A" else "B") + note["code"][1:]
    headers = {"accept": "application/json"}
    unknown = village.world.call("GET", "/periksa/AAAAAAAAAAAAAAAA", b"", headers)
    forged = village.world.call("GET", f"/periksa/{other}", b"", headers)
    assert (forged.status, forged.body) == (unknown.status, unknown.body)
    assert forged.problem == "not-found"


def check(village: Village, code: str) -> dict[str, object]:
    answer = village.world.call("GET", f"/periksa/{code}", b"", {"accept": "application/json"})
    assert answer.status == 200, answer
    return answer.json()
