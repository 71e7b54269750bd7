"""The office's pages of a round: a village is led to its signature by forms alone."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.services.accounts import NewAccount, add_account, hashed
from api.web.rounds.deeds import attendants
from models.queries.musyawarahs import Attendant
from sync.permission import Role
from tests.api.device import JSON
from tests.api.rounds import (
    FAMILY,
    MEMBER,
    PERIOD,
    PIN,
    SECOND,
    Village,
    set_pin,
    village_in_a_period,
)
from tests.api.test_blobs import FORM_TYPE as MULTIPART
from tests.api.test_blobs import SCAN, multipart
from tests.api.test_pages import Outline
from tests.api.village import KECAMATAN, assert_sound, audited
from tests.api.world import DESA, OTHER_DESA, RT, World, area

ROUND = f"/kantor/putaran/{DESA}/{PERIOD}"
HTML = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded", **HTML}
PASSWORD = "empat kata acak sekali"


@pytest.fixture
def village(sqlite_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(sqlite_url, tmp_path / "data") as found:
        yield found


class Browser:
    """Somebody of the office in a browser."""

    def __init__(self, world: World, name: str, role: Role, code: str) -> None:
        act = world.act()
        new = NewAccount(name, role, (area(code),), password_hash=_hash(world))
        with world.database.writing() as session:
            self.account = add_account(session, new, act).id
        self.client = TestClient(world.app)
        body = {"name": name, "password": PASSWORD}
        assert self.client.post("/v1/sessions", json=body, headers=JSON).status_code == 201

    def get(self, path: str = ROUND) -> str:
        answer = self.client.get(path, headers=HTML)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, deed: str, page: str = ROUND, **fields: str) -> Response:
        """Fill in a form of a page and send it."""
        token = re.search(r'name="form" value="([^"]+)"', self.get(page))
        body = {"form": token[1] if token else "", **fields}
        return self.client.post(f"{ROUND}/{deed}", content=urlencode(body), headers=FORM)

    def upload(self, digest: str, file: bytes, **fields: str) -> Response:
        token = re.search(r'name="form" value="([^"]+)"', self.get())
        told = {"form": token[1] if token else "", "sidik": digest, **fields}
        parts = [(f'name="{name}"', value.encode()) for name, value in told.items()]
        body = multipart(*parts, ('name="berkas"; filename="ba.pdf"', file))
        headers = {"content-type": MULTIPART, **HTML}
        return self.client.post(f"{ROUND}/pindaian", content=body, headers=headers)


_hashes: dict[str, str] = {}


def _hash(world: World) -> str:
    if PASSWORD not in _hashes:
        _hashes[PASSWORD] = hashed(PASSWORD, world.act())
    return _hashes[PASSWORD]


@pytest.fixture
def operator(village: Village) -> Browser:
    return Browser(village.world, "op.kantor", Role.OPERATOR_DESA, DESA)


@pytest.fixture
def head(village: Village) -> Browser:
    browser = Browser(village.world, "kades.kantor", Role.KEPALA_DESA, DESA)
    set_pin(village.world, browser.account)
    return browser


def to_meeting(village: Village, operator: Browser) -> None:
    village.verify_all()
    assert operator.send("langkah", langkah="mulai_verifikasi").url.path == ROUND
    assert operator.send("rt", rt=RT).status_code == 200
    assert operator.send("langkah", langkah="buka_musyawarah").status_code == 200


def to_frozen(village: Village, operator: Browser) -> str:
    """The meeting was held and the village frozen; its hash."""
    to_meeting(village, operator)
    meeting = ROUND + "/musyawarah"
    fields = {"tempat": "Balai", "tanggal": "3-11-2026", "hadir": "Budi; RT; v", "versi": "0"}
    assert operator.send("musyawarah", meeting, **fields).status_code == 200
    assert operator.send("beku").status_code == 200
    found = re.search(r"sidik=([0-9a-f]{64})", operator.get())
    assert found is not None
    return found[1]


# Looking -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["id", "en"])
def test_pages_are_whole_without_scripts_and_label_every_field(
    village: Village, operator: Browser, lang: str
) -> None:
    to_frozen(village, operator)
    isi = f"/kantor/isi/{DESA}/{RT}"
    for path in (ROUND, ROUND + "/musyawarah", isi, f"{isi}?keluarga={FAMILY}",
                 f"{isi}?keluarga=baru", "/kantor"):  # fmt: skip
        glue = "&" if "?" in path else "?"
        text = operator.get(f"{path}{glue}lang={lang}")
        outline = Outline(text)
        assert outline.open == [], path
        assert "script" not in outline.tags
        assert outline.tags.count("h1") == 1, path
        assert not [n for _, n, _ in outline.attributes if n in {"style", "onclick"}]
        named = {*outline.values("label", "for")}
        fields = {*outline.values("select", "id"), *outline.values("textarea", "id")}
        assert fields <= named, path
        assert {one for one in outline.values("input", "id") if one} <= named, path
        assert f'lang="{lang}"' in text


def test_the_office_leads_to_the_village_and_it_to_its_only_period(operator: Browser) -> None:
    assert f"/kantor/putaran/{DESA}" in operator.get("/kantor")
    answer = operator.client.get(f"/kantor/putaran/{DESA}", headers=HTML)
    assert answer.url.path == ROUND


def test_a_village_without_a_period_says_so(village: Village) -> None:
    elsewhere = Browser(village.world, "op.dua", Role.OPERATOR_DESA, OTHER_DESA)
    answer = elsewhere.client.get(f"/kantor/putaran/{OTHER_DESA}", headers=HTML)
    assert answer.url.path == f"/kantor/putaran/{OTHER_DESA}/{PERIOD}"
    refused = elsewhere.client.get(f"/kantor/putaran/{DESA}", headers=HTML)
    assert refused.status_code == 404
    assert "Tidak ditemukan." in refused.text


def test_checks_name_the_families_and_lead_to_their_forms(
    village: Village, operator: Browser
) -> None:
    text = operator.get()
    assert "RT ini belum menyatakan selesai" in text
    assert f"/kantor/isi/{DESA}/{RT}?keluarga={FAMILY}" in text
    assert len(audited(village.world, "round-read")) == 1


def test_a_collector_sees_the_own_rt_and_states_it_as_done(village: Village) -> None:
    answer = village.ani.get(ROUND, accept="text/html")
    text = answer.body.decode()
    assert answer.status == 200
    assert "RT selesai" in text
    assert "Langkah berikutnya" not in text
    assert "Cetak berita acara" not in text
    headers = village.ani.headers(accept="text/html") | FORM
    sent = village.world.call("POST", f"{ROUND}/rt", urlencode({"rt": RT}).encode(), headers)
    assert sent.status == 303
    assert "selesai, ani" in village.ani.get(ROUND, accept="text/html").body.decode()


# Doing ---------------------------------------------------------------------------------------


def test_a_village_is_led_from_its_list_to_its_signature_by_forms(
    village: Village, operator: Browser, head: Browser
) -> None:
    digest = to_frozen(village, operator)
    answer = head.send("tanda-tangan", sidik=digest, pin=PIN)
    assert answer.status_code == 200, answer.text
    assert village.state() == "disahkan"
    text = operator.get()
    assert "Disahkan dengan PIN" in text
    assert "terlambat" in text
    village.ani.sync()
    village.ani.push([village.ani.edit(FAMILY, village.ani.since, telepon="0812")])
    late = operator.get(ROUND + "/terlambat")
    assert "telepon" in late
    assert "CONTOH" in late
    assert_sound(village.world)


def test_a_signed_paper_is_handed_in_as_a_scan_bound_to_its_hash(
    village: Village, operator: Browser
) -> None:
    digest = to_frozen(village, operator)
    answer = operator.upload(digest, SCAN)
    assert answer.status_code == 200, answer.text
    assert village.state() == "disahkan"
    (note,) = village.get(village.operator)["frozen"]
    assert (note["method"], note["hash"]) == ("kertas", digest)
    ((scan,),) = village.world.ask("SELECT scan FROM signature")
    kept = operator.client.get(f"/v1/files/{DESA}/{scan}")
    assert kept.content == SCAN
    assert_sound(village.world)


def test_a_scan_for_a_hash_that_was_never_frozen_leaves_no_file(
    village: Village, operator: Browser
) -> None:
    to_frozen(village, operator)
    assert operator.upload("0" * 64, SCAN).status_code == 404
    refused = operator.upload("0" * 64, b"<html>not a scan</html>")
    assert refused.status_code == 415
    assert "Berkas harus PDF, JPEG, atau PNG." in refused.text
    assert village.world.count("blob") == 0
    assert not [one for one in (village.world.settings.data_dir / "blobs").rglob("*")
                if one.is_file()]  # fmt: skip


def test_a_wrong_pin_signs_nothing_and_says_so(
    village: Village, operator: Browser, head: Browser
) -> None:
    digest = to_frozen(village, operator)
    answer = head.send("tanda-tangan", sidik=digest, pin="000111")
    assert answer.status_code == 403
    assert "PIN salah." in answer.text
    assert village.state() == "musyawarah"


def test_what_a_step_lacks_is_told_with_the_rts(village: Village, operator: Browser) -> None:
    operator.send("langkah", langkah="mulai_verifikasi")
    answer = operator.send("langkah", langkah="buka_musyawarah")
    assert answer.status_code == 409
    assert "Masih ada RT yang belum menyatakan selesai." in answer.text
    assert "RT 003/001" in answer.text
    assert f'href="{ROUND}"' in answer.text
    assert village.state() == "verifikasi"


def test_two_people_at_two_screens_hear_of_each_other(operator: Browser) -> None:
    operator.send("langkah", langkah="mulai_verifikasi")
    answer = operator.send("langkah", langkah="buka_musyawarah", versi="0")
    assert answer.status_code == 412


def test_an_rt_is_taken_back_and_the_round_is_opened_again_with_a_reason(
    village: Village, operator: Browser
) -> None:
    to_meeting(village, operator)
    assert operator.send("langkah", langkah="dibuka_kembali").status_code == 422
    answer = operator.send("langkah", langkah="dibuka_kembali", alasan="salah hitung")
    assert answer.status_code == 200
    assert "salah hitung" in answer.text
    assert operator.send("rt", rt=RT, tarik="1").status_code == 200
    assert "belum menyatakan selesai" in operator.get()


def test_decisions_are_written_down_once_and_corrected(village: Village, operator: Browser) -> None:
    village.ani.sync()
    village.ani.push([*village.visit(FAMILY, 21, kemampuan="mampu"), *village.visit(SECOND, 22)])
    operator.send("langkah", langkah="mulai_verifikasi")
    operator.send("rt", rt=RT)
    operator.send("langkah", langkah="buka_musyawarah")
    meeting = ROUND + "/musyawarah"
    assert "tercatat mampu" in operator.get(meeting)
    chosen: Mapping[str, str] = {f"putusan.{FAMILY}": "tidak_layak"}
    assert operator.send("keputusan", meeting, **chosen).status_code == 422
    reason = {f"alasan.{FAMILY}": "punya mobil"}
    answer = operator.send("keputusan", meeting, **chosen, **reason)
    assert answer.url.path == meeting
    assert 'value="punya mobil"' in answer.text
    before = village.world.count("round_event")
    operator.send("keputusan", meeting, **chosen, **reason)
    assert village.world.count("round_event") == before
    assert operator.send("keputusan", meeting, **{f"putusan.{FAMILY}": "x"}).status_code == 400


def test_a_finding_gets_its_reason_on_the_page(village: Village, operator: Browser) -> None:
    village.verify_all()
    village.ani.sync()
    edit = village.ani.op("set", "anggota", MEMBER, base=village.ani.since, set={"nik": "12"})
    village.ani.push([edit])
    text = operator.get()
    found = re.search(r'name="data" value="([^"]+)"><input type="hidden" name="temuan" '
                      r'value="([^"]+)"', text)  # fmt: skip
    assert found is not None
    fields = {"data": found[1], "temuan": found[2]}
    assert operator.send("alasan", **fields).status_code == 400
    answer = operator.send("alasan", **fields, alasan="KTP rusak")
    assert answer.status_code == 200
    assert found[0] not in answer.text


def test_who_came_is_a_person_a_line() -> None:
    assert attendants("Ani, S.Pd; operator; v\n\n  Budi ;RT\nCitra\n;x") == (
        Attendant("Ani, S.Pd", "operator", tanda_tangan=True),
        Attendant("Budi", "RT"),
        Attendant("Citra", ""),
    )


# Guards --------------------------------------------------------------------------------------


def test_a_form_that_another_site_sends_does_nothing(village: Village, operator: Browser) -> None:
    for token in ("", "x", "é"):
        body = urlencode({"form": token, "langkah": "mulai_verifikasi"})
        answer = operator.client.post(f"{ROUND}/langkah", content=body, headers=FORM)
        assert answer.status_code == 403
        parts = multipart(('name="form"', token.encode()), ('name="f"; filename="f"', SCAN))
        headers = {"content-type": MULTIPART, **HTML}
        upload = operator.client.post(f"{ROUND}/pindaian", content=parts, headers=headers)
        assert upload.status_code == 403
    assert village.state() == "daftar_terbuka"


def test_a_stranger_is_asked_to_sign_in_first(village: Village) -> None:
    answer = TestClient(village.world.app).get(ROUND, headers=HTML)
    assert answer.status_code == 401
    assert 'name="sandi"' in answer.text


def test_a_supervisor_reads_and_does_not_write_the_meeting(village: Village) -> None:
    above = Browser(village.world, "sup.kantor", Role.SUPERVISOR, KECAMATAN)
    text = above.get(ROUND + "/musyawarah")
    assert "Hanya dapat dibaca" in text
    assert above.send("musyawarah", tempat="x").status_code == 403
    assert "Peran Anda tidak mengizinkan" in above.send("keputusan").text
