import re
from datetime import timedelta
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlencode

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.demonstration.families import generate
from api.demonstration.loading import Loading, load
from api.demonstration.places import villages
from api.passwords import DEMONSTRATION_PASSWORD
from api.services.reviewers import ground_of
from api.web.language import Language, chosen
from api.web.office import EXPLAINED
from api.web.texts import TEXTS
from models.tables.accounts import Account
from sync.permission import Role
from sync.types import ConflictKind, Problem
from tests.api.calling import Answer
from tests.api.server import BEGIN, DESA, PASSWORD, Server, problem_of
from tests.api.world import DESA as WORLD_DESA
from tests.api.world import World, area, record_id

PAGES = ("/", "/periksa", "/periksa/AAAAAAAAAAAAAAAA", "/enrol", "/login")
HTML = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
VOID = frozenset({"meta", "link", "input", "br", "path", "img"})


class Outline(HTMLParser):
    """What a page consists of, and whether every element that begins also ends."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def values(self, tag: str, name: str) -> list[str]:
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


def signed_in(server: Server, name: str) -> TestClient:
    """A browser that went through the form."""
    client = server.anonymous()
    answer = send(client, "/login", nama=name, sandi=PASSWORD)
    assert answer.status_code == 200, answer.text
    assert answer.url.path == "/kantor"
    return client


def send(client: TestClient, path: str, **fields: str) -> Response:
    """Fill in the form of the sign-in page and send it."""
    token = re.search(r'name="form" value="([^"]+)"', client.get("/login").text)
    assert token is not None
    return client.post(path, content=urlencode({"form": token[1], **fields}), headers=FORM)


@pytest.fixture
def demonstration(server: Server) -> Server:
    places = [village for village in villages() if village.kode.startswith("180409")]
    generated = generate(families_per_rt=8, places=places)
    load(Loading(server.database, generated, ground_of(server.settings), BEGIN))
    return server


# Every page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["id", "en"])
def test_pages_are_whole_and_load_nothing_from_elsewhere(
    sqlite_server: Server, path: str, lang: str
) -> None:
    answer = sqlite_server.anonymous().get(f"{path}?lang={lang}")
    outline = Outline(answer.text)

    assert outline.open == []
    assert outline.values("html", "lang") == [lang]
    assert outline.tags.count("h1") == 1
    assert "script" not in outline.tags
    assert not [name for _, name, _ in outline.attributes if name in {"style", "onclick"}]
    loaded = [*outline.values("link", "href"), *outline.values("img", "src")]
    assert all(target.startswith(("/static/", "data:,")) for target in loaded)
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", PAGES)
def test_every_field_that_is_filled_in_has_a_label(sqlite_server: Server, path: str) -> None:
    outline = Outline(sqlite_server.anonymous().get(path).text)
    assert set(outline.values("input", "id")) == set(outline.values("label", "for"))


def test_the_style_sheet_may_be_kept_for_ever_because_its_name_changes(
    sqlite_server: Server,
) -> None:
    client = sqlite_server.anonymous()
    (_, style) = Outline(client.get("/").text).values("link", "href")
    answer = client.get(style)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert problem_of(client.get("/static/lokus-000000000000.css"))["type"] == "not-found"


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, "", Language.ID),
        (None, "en-GB,en;q=0.9", Language.EN),
        (None, "in-ID,en;q=0.5", Language.ID),
        (None, "fr;q=0.9,en;q=0.3,id;q=0.8", Language.ID),
        (None, "fr,de;q=0.5", Language.ID),
        (None, "en;q=zero", Language.ID),
        ("en", "id", Language.EN),
        ("fr", "en", Language.EN),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_browsers_favourite(
    asked: str | None, accepted: str, language: Language
) -> None:
    assert chosen(asked, accepted) is language


def test_every_sentence_is_there_in_both_languages_and_is_used() -> None:
    folder = Path(str(files("api.web")))
    sources = [one.read_text(encoding="utf-8") for one in folder.rglob("templates/*.html")]
    used = {
        key for source in sources for key in re.findall(r'\bt\([\'"]([a-z-]+)[\'"][,)]', source)
    }
    families = {prefix for source in sources for prefix in re.findall(r't\("([a-z-]+-)" ~', source)}

    assert used <= TEXTS.keys()
    assert {
        key for key in TEXTS if key not in used and not key.startswith(tuple(families))
    } == set()
    for key, sentences in TEXTS.items():
        assert sentences.keys() == {"id", "en"}, key
        named = [set(re.findall(r"\{(\w+)\}", sentence)) for sentence in sentences.values()]
        assert named[0] == named[1], key


def test_every_reason_and_every_kind_of_conflict_has_a_name() -> None:
    assert {f"problem-{problem}" for problem in Problem} <= TEXTS.keys()
    assert {f"kind-{kind}" for kind in ConflictKind} <= TEXTS.keys()
    assert {f"error-{code}" for code in EXPLAINED} <= TEXTS.keys()


# Home ----------------------------------------------------------------------------------------


def test_the_first_page_shows_the_numbers_of_a_demonstration(demonstration: Server) -> None:
    page = demonstration.anonymous().get("/?lang=en").text
    assert "Banding Agung" in page
    assert "0 of " in page
    assert DEMONSTRATION_PASSWORD in page
    assert "/docs" in page


def test_the_numbers_of_real_families_are_not_public(server: Server) -> None:
    page = server.anonymous().get("/").text
    assert "register yang nyata" in page
    assert "<progress" not in page
    assert DEMONSTRATION_PASSWORD not in page


def test_the_numbers_are_counted_now_and_then_and_not_for_every_visitor(
    demonstration: Server, statements: list[str]
) -> None:
    client = demonstration.anonymous()
    client.get("/")
    statements.clear()
    client.get("/")
    assert [one for one in statements if one.startswith("SELECT")] == []
    demonstration.clock.advance(timedelta(minutes=1))
    client.get("/")
    assert [one for one in statements if one.startswith("SELECT")] != []


# Receipts ------------------------------------------------------------------------------------


@pytest.fixture
def pushed(world: World) -> tuple[World, str]:
    """Somebody has pushed three operations and holds the receipt."""
    ani = world.device("ani", areas=[area(WORLD_DESA, "003/001")])
    receipt = ani.push([ani.create(record_id(n)) for n in range(1, 4)])["receipt"]
    return world, receipt


def get(world: World, target: str, **headers: str) -> Answer:
    return world.call("GET", target, b"", headers)


def test_a_receipt_is_confirmed_without_names(pushed: tuple[World, str]) -> None:
    world, receipt = pushed
    answer = get(world, f"/periksa/{receipt}?lang=en", accept="text/html")
    page = answer.body.decode()
    assert answer.status == 200
    assert "The receipt is valid" in page
    assert "up to number 3" in page
    assert "Contoh Satu" in page
    assert "3 November 2026, 12:00 WIB" in page
    assert "ani" not in re.sub(r"<[^>]+>", " ", page).split()


def test_programs_get_the_receipt_as_json(pushed: tuple[World, str]) -> None:
    world, receipt = pushed
    answer = get(world, f"/periksa/{receipt}", accept="application/json")
    assert answer.json() == {
        "valid": True,
        "acked": 3,
        "at": 3,
        "issued_at": world.clock.now().isoformat(),
        "desa": WORLD_DESA,
        "epoch": "e1",
    }


def test_a_receipt_may_be_typed_as_people_type(pushed: tuple[World, str]) -> None:
    world, receipt = pushed
    spoken = "-".join(receipt[n : n + 4] for n in range(0, 16, 4)).lower()
    sent = get(world, f"/periksa?{urlencode({'kode': f' {spoken} ', 'lang': 'en'})}")
    assert (sent.status, sent.headers["location"]) == (303, f"/periksa/{receipt}?lang=en")
    assert get(world, f"/periksa/{spoken}").status == 200


def test_an_unknown_receipt_gets_a_friendly_page(pushed: tuple[World, str]) -> None:
    world, receipt = pushed
    other = ("A" if receipt[0] != "A" else "B") + receipt[1:]
    for code in (other, "x", "%00", "a" * 500, "%22%3E%3Cscript%3E"):
        answer = get(world, f"/periksa/{code}", accept="text/html")
        assert answer.status == 404
        assert "Resi tidak dikenal" in answer.body.decode()
        assert "<script" not in answer.body.decode()
    assert get(world, f"/periksa/{other}", accept="application/json").problem == "not-found"


# Enrolment -----------------------------------------------------------------------------------


def test_the_enrolment_link_leads_to_a_page_that_explains_itself(sqlite_server: Server) -> None:
    page = sqlite_server.anonymous().get("/enrol?lang=en").text
    assert "lokus-client enrol 'http://127.0.0.1:8000/enrol#KODE'" in page
    assert "within 72 hours" in page


# The office ----------------------------------------------------------------------------------


def test_somebody_signs_in_and_out_without_javascript(server: Server) -> None:
    server.account("sri", Role.SUPERVISOR, "180217")
    client = signed_in(server, "sri")
    page = client.get("/kantor?lang=en").text
    assert "<strong>sri</strong>" in page
    assert "No conflict is waiting." in page
    assert PASSWORD not in page

    token = re.search(r'name="form" value="([^"]+)"', page)
    assert token is not None
    gone = client.post("/keluar", content=urlencode({"form": token[1]}), headers=FORM)
    assert gone.url.path == "/login"
    assert problem_of(client.get("/kantor"))["type"] == "unauthorised"


def test_the_session_of_the_form_is_as_safe_as_any(server: Server) -> None:
    server.account("sri", Role.SUPERVISOR, "180217")
    client = server.anonymous()
    client.follow_redirects = False
    cookie = send(client, "/login", nama="sri", sandi=PASSWORD).headers["set-cookie"].lower()
    assert cookie.startswith("lokus_session=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.split("; "))


def test_a_wrong_password_is_told_on_the_form(server: Server) -> None:
    server.account("sri", Role.SUPERVISOR, "180217")
    client = server.anonymous()
    answer = send(client, "/login", nama="sri", sandi="salah sekali")
    assert answer.status_code == 401
    assert "Nama atau kata sandi salah." in answer.text
    assert 'value="sri"' in answer.text
    assert "salah sekali" not in answer.text


def test_guessing_is_slowed_down_on_the_form_too(server: Server) -> None:
    server.account("sri", Role.SUPERVISOR, "180217")
    client = server.anonymous()
    answers = [send(client, "/login", nama="sri", sandi=f"salah {n}") for n in range(8)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "Tunggu" in answers[-1].text


def test_a_form_that_another_site_sends_signs_nobody_in(server: Server) -> None:
    server.account("sri", Role.SUPERVISOR, "180217")
    client = server.anonymous()
    client.get("/login")
    for token in ("", "x", "é"):
        fields = {"form": token, "nama": "sri", "sandi": PASSWORD}
        answer = client.post("/login", content=urlencode(fields), headers=FORM)
        assert answer.status_code == 400
        assert "lokus_session" not in answer.headers.get("set-cookie", "")
    assert client.post("/login", content=b"\xff", headers=FORM).status_code == 400
    assert client.post("/login", json={"nama": "sri", "sandi": PASSWORD}).status_code == 400


def test_a_browser_of_a_stranger_is_asked_to_sign_in(server: Server) -> None:
    answer = server.anonymous().get("/kantor?lang=en", headers=HTML)
    assert answer.status_code == 401
    assert "Please sign in first." in answer.text


def conflict_about_a_name(server: Server) -> Account:
    """Two phones of one collector name the head of a family differently."""
    account = server.account("ani", Role.PETUGAS, DESA, frozenset({"003/001"}))
    family = record_id(1)
    for number, name in enumerate(("Contoh A", "Contoh B")):
        phone = server.phone("ani")
        lane = phone.call("GET", "/v1/manifest").json()["lanes"][0]["lane"]
        clock = {"wall": BEGIN.isoformat(), "mono": 9, "boot": "b"}
        stated = {"nama_kepala_keluarga": name, "hasil": "ditemukan"}
        made = {"entity": "keluarga", "id": family, "mono": 1, "boot": "b", "base": 0}
        ops: list[dict[str, object]] = [{"seq": 1, "kind": "set", "set": stated, **made}]
        if number == 0:
            where = {"rt": "003", "rw": "001"}
            ops = [
                {"seq": 1, "kind": "create", "set": where, **made},
                {"seq": 2, "kind": "set", "set": stated, **made},
                {"seq": 3, "kind": "set", "set": {"atap2": "ijuk"}, **made},
            ]
        body = {"lane": lane, "desa": DESA, "clock": clock, "ops": ops}
        assert phone.call("POST", "/v1/push", body).status_code == 200
    return account


def test_a_supervisor_sees_what_waits_but_no_name(server: Server) -> None:
    conflict_about_a_name(server)
    server.account("sri", Role.SUPERVISOR, "180217")
    page = signed_in(server, "sri").get("/kantor?lang=en").text
    assert "Different values" in page
    assert "keluarga: nama kepala keluarga" in page
    assert "Unknown field" in page
    assert "1 of 1" in page
    assert "Contoh A" not in page
    assert Outline(page).open == []


def test_a_supervisor_of_another_area_sees_nothing_of_it(server: Server) -> None:
    conflict_about_a_name(server)
    server.account("tri", Role.SUPERVISOR, "180405")
    page = signed_in(server, "tri").get("/kantor?lang=en").text
    assert "No conflict is waiting." in page
    assert "Nothing is waiting." in page
    assert DESA not in page


def test_the_district_sees_aggregates_without_small_cells(server: Server) -> None:
    conflict_about_a_name(server)
    server.account("ida", Role.TKPK, "1802")
    page = signed_in(server, "ida").get("/kantor?lang=en").text
    assert "&lt; 5" in page
    assert "Different values" not in page


def test_a_collector_is_told_that_the_work_is_on_the_phone(server: Server) -> None:
    server.account("ani", Role.PETUGAS, DESA, frozenset({"003/001"}))
    page = signed_in(server, "ani").get("/kantor?lang=en").text
    assert "Your role works on a phone" in page
    assert "RT 003/001" in page
