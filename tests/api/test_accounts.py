"""The office adds accounts, moves them, disables them; inside its own areas and no further."""

import pytest
from sqlalchemy import select

from api.errors import AppError
from api.services.accounts import parse_area
from models.queries import accounts, auditing
from models.queries.accounts import Area
from models.tables.accounts import AccountArea
from models.tables.columns import table_of
from sync.permission import Role
from tests.api.server import DESA, ELSEWHERE, KABUPATEN, NEIGHBOUR, RT, Browser, Server, problem_of

AREA = table_of(AccountArea)


@pytest.fixture
def admin(server: Server) -> Browser:
    server.account("pusat", Role.ADMIN, KABUPATEN)
    return server.browser("pusat")


@pytest.fixture
def sqlite_admin(sqlite_server: Server) -> Browser:
    sqlite_server.account("pusat", Role.ADMIN, KABUPATEN)
    return sqlite_server.browser("pusat")


def new(name: str = "budi", area: str = DESA, **more: object) -> dict[str, object]:
    return {"name": name, "role": "petugas", "areas": [{"area": area, "rt": [RT]}], **more}


def test_an_account_is_added_with_area_and_rts(server: Server, admin: Browser) -> None:
    answer = admin.call("POST", "/v1/accounts", new("Budi.01", display_name="Budi Fiktif"))
    assert answer.status_code == 201
    account = answer.json()
    assert (account["name"], account["display_name"]) == ("budi.01", "Budi Fiktif")
    assert account["areas"] == [{"area": DESA, "name": f"Wilayah {DESA}", "rt": [RT]}]
    assert (account["scope_version"], account["has_password"]) == (1, False)
    with server.database.reading() as session:
        assert list(auditing.verify(session)) == []


def test_an_account_with_a_password_can_sign_in(server: Server, admin: Browser) -> None:
    admin.call("POST", "/v1/accounts", new(password="empat kata lain lagi"))
    assert server.sign_in("BUDI", "empat kata lain lagi").status_code == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (new("pusat"), "name-taken"),
        (new(area="1802999999"), "area-unknown"),
        (new(area="18-02"), "area-unknown"),
        (new(area=ELSEWHERE), "not-permitted"),
        (new("1802172501990001"), "value-refused"),
        (new("a b"), "value-refused"),
        (new(password="pendek"), "value-refused"),
        (new(areas=[{"area": KABUPATEN, "rt": [RT]}]), "value-refused"),
        (new(areas=[{"area": DESA, "rt": ["x"]}]), "value-refused"),
        (new(areas=[]), "malformed-request"),
        (new(role="raja"), "malformed-request"),
        (new(id="x"), "malformed-request"),
        (new(scope_version=7), "malformed-request"),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    sqlite_admin: Browser, body: dict[str, object], code: str
) -> None:
    assert problem_of(sqlite_admin.call("POST", "/v1/accounts", body))["type"] == code


def test_a_name_is_never_given_twice_even_after_disabling(admin: Browser) -> None:
    first = admin.call("POST", "/v1/accounts", new()).json()
    admin.call("POST", f"/v1/accounts/{first['id']}/disable")
    assert admin.call("POST", "/v1/accounts", new()).status_code == 409


def test_new_areas_close_the_old_and_keep_what_stays(server: Server, admin: Browser) -> None:
    account = admin.call("POST", "/v1/accounts", new()).json()
    path = f"/v1/accounts/{account['id']}/areas"
    body = {"areas": [{"area": DESA, "rt": [RT]}, {"area": NEIGHBOUR}]}
    assert admin.call("PUT", path, body).json()["scope_version"] == 2
    assert admin.call("PUT", path, body).json()["scope_version"] == 2
    assert admin.call("PUT", path, {"areas": [{"area": NEIGHBOUR}]}).json()["scope_version"] == 3
    with server.database.reading() as session:
        rows = session.connection().execute(
            select(AREA).where(AREA.c.account_id == account["id"]).order_by(AREA.c.kode_wilayah)
        )
        kept = [(row.kode_wilayah, row.until is None) for row in rows]
    assert kept == [(DESA, False), (NEIGHBOUR, True)]


def test_a_phone_sees_a_changed_scope_at_once(server: Server, admin: Browser) -> None:
    budi = server.account("budi", rts=frozenset({RT}))
    phone = server.phone("budi")
    body = {"areas": [{"area": NEIGHBOUR}]}
    admin.call("PUT", f"/v1/accounts/{budi.id}/areas", body)
    areas = phone.call("GET", "/v1/me").json()["areas"]
    assert [area["area"] for area in areas] == [NEIGHBOUR]


def test_disabling_and_enabling(server: Server, admin: Browser) -> None:
    budi = server.account("budi")
    phone = server.phone("budi")
    disabled = admin.call("POST", f"/v1/accounts/{budi.id}/disable").json()
    assert disabled["disabled_at"] is not None
    assert problem_of(phone.call("GET", "/v1/me"))["type"] == "device-revoked"
    assert server.sign_in("budi").status_code == 401
    admin.call("POST", f"/v1/accounts/{budi.id}/enable")
    assert phone.call("GET", "/v1/me").status_code == 200


def test_accounts_that_reach_beyond_the_own_areas_do_not_exist(
    server: Server, admin: Browser
) -> None:
    server.account("jauh", area=ELSEWHERE)
    server.account("provinsi", Role.SUPERVISOR, "18")
    server.account("dekat")
    names = [one["name"] for one in admin.call("GET", "/v1/accounts").json()["accounts"]]
    assert names == ["dekat", "pusat"]
    unknown = admin.call("POST", f"/v1/accounts/{'0' * 36}/disable")
    for name in ("jauh", "provinsi"):
        account = server.accounts[name].id
        for method, what, body in (
            ("POST", "disable", None),
            ("POST", "enable", None),
            ("PUT", "areas", {"areas": [{"area": DESA}]}),
            ("PUT", "password", {"password": "kata sandi baru"}),
        ):
            answer = admin.call(method, f"/v1/accounts/{account}/{what}", body)
            assert (answer.status_code, answer.text) == (404, unknown.text)


def test_accounts_come_in_pages_that_miss_and_repeat_nobody(server: Server, admin: Browser) -> None:
    for number in range(7):
        server.account(f"budi{number}")
    names: list[str] = []
    after = ""
    while True:
        page = admin.call("GET", f"/v1/accounts?limit=3&after={after}").json()
        names += [one["name"] for one in page["accounts"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert names == [*(f"budi{number}" for number in range(7)), "pusat"]


def test_operators_see_and_revoke_phones_of_their_village_only(server: Server) -> None:
    server.account("operator", Role.OPERATOR_DESA)
    server.account("budi", rts=frozenset({RT}))
    server.account("tetangga", area=NEIGHBOUR)
    server.account("kepala", Role.KEPALA_DESA)
    phones = {name: server.phone(name) for name in ("budi", "tetangga", "kepala", "operator")}
    operator = server.browser("operator")
    listed = operator.call("GET", "/v1/devices").json()["devices"]
    assert [one["account_name"] for one in listed] == ["budi"]
    unknown = operator.call("DELETE", f"/v1/devices/{'0' * 36}")
    for name in ("tetangga", "kepala", "operator"):
        answer = operator.call("DELETE", f"/v1/devices/{phones[name].id}")
        assert (answer.status_code, answer.text) == (404, unknown.text)
    assert operator.call("DELETE", f"/v1/devices/{phones['budi'].id}").status_code == 204
    assert phones["budi"].call("GET", "/v1/me").status_code == 403
    assert phones["tetangga"].call("GET", "/v1/me").status_code == 200


def test_an_operator_limited_to_rts_looks_after_nobody(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("operator", Role.OPERATOR_DESA, rts=frozenset({RT}))
    server.account("budi", rts=frozenset({RT}))
    server.phone("budi")
    assert server.browser("operator").call("GET", "/v1/devices").json()["devices"] == []


def test_a_manager_whose_areas_were_closed_looks_after_nobody(sqlite_server: Server) -> None:
    server = sqlite_server
    boss = server.account("pusat", Role.ADMIN, KABUPATEN)
    server.account("budi")
    browser = server.browser("pusat")
    with server.database.writing() as session:
        accounts.replace_areas(session, boss.id, (), (), server.clock.now())
    assert browser.call("GET", "/v1/accounts").json()["accounts"] == []
    assert browser.call("POST", "/v1/accounts", new("baru")).status_code == 403


@pytest.mark.parametrize(
    ("code", "rts", "area"),
    [
        ("18.02.17.2001", None, Area(DESA)),
        (DESA, ["3/1", "003/001"], Area(DESA, frozenset({RT}))),
        (DESA, ["3"], Area(DESA, frozenset({"003/"}))),
        ("18", None, Area("18")),
    ],
)
def test_areas_are_read_as_people_write_them(code: str, rts: list[str] | None, area: Area) -> None:
    assert parse_area(code, rts) == area


@pytest.mark.parametrize(
    ("code", "rts"), [("180", None), ("x", None), ("1802", ["003/001"]), (DESA, []), (DESA, [" "])]
)
def test_what_is_no_area_is_refused(code: str, rts: list[str] | None) -> None:
    with pytest.raises(AppError):
        parse_area(code, rts)


def test_readiness_names_every_check_and_liveness_none(server: Server) -> None:
    client = server.anonymous()
    assert client.get("/health/live").json()["status"] == "ok"
    ready = client.get("/health/ready")
    assert ready.status_code == 200, ready.text
    assert set(ready.json()["checks"]) == {"database", "migrations", "disk"}


def test_metrics_are_for_an_admins_scraper(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("pusat", Role.ADMIN, "18")
    server.account("budi")
    assert server.anonymous().get("/metrics").status_code == 401
    assert server.phone("budi").call("GET", "/metrics").status_code == 403
    text = server.phone("pusat").call("GET", "/metrics").text
    assert 'lokus_requests_total{method="POST",route="/v1/devices",status="201"} 2.0' in text
