"""Signing in, signing out, growing delays, and device tokens that change without a lock-out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from api.passwords import hash_password, password_matches
from api.security import Principal, device_principal
from api.throttling import password_delay
from api.tokens import successor
from models.database import Database
from models.queries import accounts, auditing, sessions
from sync.permission import Role
from tests.api.server import PASSWORD, Phone, Server, a_server, problem_of

ME = "/v1/me"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database.open(sqlite_url, pool_size=2)
    server = a_server(database, tmp_path, sqlite_url, public_url="https://lokus.example.id")
    server.account("ani", Role.SUPERVISOR, "180217")
    cookie = server.sign_in("ani").headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "secure", "path=/"))
    database.close()


def test_a_signed_in_browser_learns_who_it_is_and_its_csrf_token(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("ani", Role.SUPERVISOR, "180217")
    browser = server.browser("ani")
    me = browser.call("GET", ME).json()
    assert (me["name"], me["role"], me["csrf"]) == ("ani", "supervisor", browser.csrf)
    assert me["areas"] == [{"area": "180217", "name": "Wilayah 180217", "rt": None}]
    assert "resolve-conflict" in me["actions"]


@pytest.mark.parametrize(
    ("name", "password"),
    [("ani", "salah sekali"), ("nobody", PASSWORD), ("off", PASSWORD), ("nopass", "")],
)
def test_every_wrong_login_gets_the_same_answer(
    sqlite_server: Server, name: str, password: str
) -> None:
    server = sqlite_server
    server.account("ani")
    off = server.account("off")
    with server.database.writing() as session:
        accounts.set_disabled(session, off.id, server.clock.now())
    answer = server.sign_in(name, password or "x")
    assert problem_of(answer)["type"] == "login-refused"
    assert "set-cookie" not in answer.headers


def test_whatever_changes_something_needs_the_csrf_token(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("pusat", Role.ADMIN, "18")
    browser = server.browser("pusat")
    body = {"name": "baru", "role": "petugas", "areas": [{"area": "1802172001"}]}
    assert problem_of(browser.client.post("/v1/accounts", json=body))["type"] == "csrf-missing"
    assert browser.client.get("/v1/accounts").status_code == 200
    assert browser.call("POST", "/v1/accounts", body).status_code == 201


def test_signing_out_ends_the_session(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("ani")
    browser = server.browser("ani")
    token = browser.client.cookies["lokus_session"]
    assert browser.call("DELETE", "/v1/sessions").status_code == 204
    browser.client.cookies.set("lokus_session", token)
    assert browser.call("GET", ME).status_code == 401


def test_a_session_ends_after_its_hours(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("ani")
    browser = server.browser("ani")
    server.clock.advance(timedelta(hours=12))
    assert browser.call("GET", ME).status_code == 401


def test_a_new_password_signs_out_everywhere(server: Server) -> None:
    server.account("ani")
    server.account("pusat", Role.ADMIN, "18")
    ani, admin = server.browser("ani"), server.browser("pusat")
    path = f"/v1/accounts/{server.accounts['ani'].id}/password"
    assert admin.call("PUT", path, {"password": "kata sandi baru"}).status_code == 204
    assert ani.call("GET", ME).status_code == 401
    assert server.sign_in("ani", "kata sandi baru").status_code == 201


def test_disabling_signs_out_at_once(sqlite_server: Server) -> None:
    server = sqlite_server
    ani = server.account("ani")
    browser = server.browser("ani")
    with server.database.writing() as session:
        accounts.set_disabled(session, ani.id, server.clock.now())
    assert browser.call("GET", ME).status_code == 401


def test_three_typing_errors_are_free_and_then_the_wait_doubles() -> None:
    waits = [password_delay(count).total_seconds() for count in range(1, 12)]
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 64, 900, 900]


@pytest.mark.parametrize("name", ["ani", "nobody"])
def test_wrong_passwords_have_to_wait_whether_the_account_exists_or_not(
    sqlite_server: Server, name: str
) -> None:
    server = sqlite_server
    server.account("ani")
    answers = [server.sign_in(name, "salah").status_code for _ in range(4)]
    assert answers == [401, 401, 401, 429]
    server.clock.advance(timedelta(seconds=1))
    assert server.sign_in(name, "salah").status_code == 401
    late = server.sign_in(name, "salah")
    assert problem_of(late)["type"] == "too-many-requests"
    assert int(late.headers["retry-after"]) >= 2


def test_at_most_ten_tries_in_fifteen_minutes(sqlite_server: Server) -> None:
    server = sqlite_server
    ani = server.account("ani")
    end = server.clock.now() + timedelta(minutes=15)
    tried = 0
    while server.clock.now() < end:
        tried += server.sign_in("ani", "salah").status_code == 401
        with server.database.reading() as session:
            account = accounts.account_by_id(session, ani.id)
        assert account is not None
        server.clock.set(account.next_try_at or server.clock.now())
    assert tried == 10


def test_forty_tries_at_once_are_still_tries_one_after_the_other(server: Server) -> None:
    server.account("ani")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.sign_in("ani", "salah").status_code, range(40)))
    # Three cost nothing; the clock stands still, so nobody's second has passed.
    assert answers.count(401) == 3
    assert set(answers) == {401, 429}


def test_the_right_password_is_not_looked_at_too_early_and_forgives_later(server: Server) -> None:
    ani = server.account("ani")
    for _ in range(3):
        server.sign_in("ani", "salah")
    assert server.sign_in("ani").status_code == 429
    server.clock.advance(timedelta(seconds=1))
    assert server.sign_in("ani").status_code == 201
    with server.database.reading() as session:
        stored = accounts.account_by_id(session, ani.id)
    assert stored is not None
    assert (stored.failed_count, stored.next_try_at) == (0, None)


def test_passwords_are_argon2id_and_compare_in_any_composition(sqlite_server: Server) -> None:
    stored = hash_password("caf\u00e9 yang jauh", sqlite_server.randomness)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password_matches("cafe\u0301 yang jauh", stored)
    assert not password_matches("cafe yang jauh", stored)
    assert not password_matches("cafe yang jauh", None)


def test_no_token_and_no_password_is_stored(server: Server) -> None:
    server.account("ani")
    browser, phone = server.browser("ani"), server.phone("ani")
    cookie = browser.client.cookies["lokus_session"]
    with server.database.reading() as session:
        connection = session.connection()
        tables = ("session", "device", "account", "audit", "enrolment")
        stored = [str(connection.exec_driver_sql(f"SELECT * FROM {t}").all()) for t in tables]
    for secret in (cookie, phone.token, browser.csrf, PASSWORD):
        assert secret not in "".join(stored)


def test_a_token_is_not_changed_before_its_time(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    phone = server.phone("budi")
    assert _rotated(server, phone) is None


def test_a_rotated_token_and_its_predecessor_are_both_valid_until_the_new_one_is_used(
    server: Server,
) -> None:
    server.account("budi")
    phone = server.phone("budi")
    server.clock.advance(timedelta(days=30))
    fresh = _rotated(server, phone)
    assert fresh is not None
    # The answer got lost: the phone asks again with the old token and hears the same.
    assert _rotated(server, phone) == fresh
    renewed = Phone(server, phone.id, fresh)
    for one in (phone, renewed, phone):
        assert one.call("GET", ME).status_code == 200
    assert _rotated(server, renewed) is None
    assert phone.call("GET", ME).status_code == 401
    assert renewed.call("GET", ME).status_code == 200


def test_a_successor_that_was_rolled_back_is_still_a_successor(server: Server) -> None:
    server.account("budi")
    phone = server.phone("budi")
    server.clock.advance(timedelta(days=30))
    fresh = _rotated(server, phone)
    assert fresh is not None
    with pytest.raises(ZeroDivisionError):
        _use_and_fail(server, fresh)
    for token in (phone.token, fresh):
        assert Phone(server, phone.id, token).call("GET", ME).status_code == 200


def test_a_revoked_device_gets_no_token(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    server.account("pusat", Role.ADMIN, "18")
    phone = server.phone("budi")
    server.browser("pusat").call("DELETE", f"/v1/devices/{phone.id}")
    server.clock.advance(timedelta(days=31))
    assert _rotated(server, phone) is None
    assert problem_of(phone.call("GET", ME))["type"] == "device-revoked"


def test_last_contact_is_written_once_an_hour(server: Server) -> None:
    server.account("budi")
    phone = server.phone("budi")
    seen = []
    for minutes in (0, 59, 1):
        server.clock.advance(timedelta(minutes=minutes))
        _rotated(server, phone)
        seen.append(_principal(server, phone).token.last_seen_at)  # type: ignore[union-attr]  # a device has one
    assert seen[0] == seen[1]
    assert seen[2] == seen[0] + timedelta(hours=1)  # type: ignore[operator]  # it was just written


def test_a_changed_token_is_nobodys(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    phone = server.phone("budi")
    client = server.anonymous()
    changed = [
        phone.token[:at] + ("x" if letter != "x" else "y") + phone.token[at + 1 :]
        for at, letter in enumerate(phone.token)
    ]
    odd = [phone.token + "a", phone.token[:-1], "", " ", "lkd_" + "é" * 43, "x" * 5000]
    for token in (*changed, *odd):
        headers = {b"Authorization": f"Bearer {token}".encode()}
        assert client.get(ME, headers=headers).status_code == 401


def test_authentication_of_a_device_is_one_statement(server: Server, statements: list[str]) -> None:
    server.account("budi")
    phone = server.phone("budi")
    statements.clear()
    with server.database.reading() as session:
        assert device_principal(session, phone.token) is not None
    assert len([one for one in statements if one.startswith("SELECT")]) == 1


def test_expired_sessions_are_dropped(server: Server) -> None:
    server.account("ani")
    server.browser("ani")
    server.clock.advance(timedelta(hours=13))
    server.browser("ani")
    with server.database.writing() as session:
        assert sessions.drop_expired(session, server.clock.now()) == 0
        assert sessions.end_sessions_of(session, server.accounts["ani"].id) == 1


def test_every_login_and_refusal_is_written_down(server: Server) -> None:
    server.account("ani")
    server.sign_in("ani", "salah")
    server.sign_in("nobody", "salah")
    server.browser("ani").call("GET", "/v1/accounts")
    with server.database.reading() as session:
        done = [
            row.action
            for row in session.connection().exec_driver_sql("SELECT action FROM audit ORDER BY n")
        ]
        assert list(auditing.verify(session)) == []
    assert done[1:] == ["login-refused", "login-refused", "signed-in", "refused"]


def test_a_derived_successor_depends_on_device_token_and_secret() -> None:
    tokens = {
        successor(secret, device, digest)
        for secret in (b"a", b"b")
        for device in ("x", "y")
        for digest in ("1", "2")
    }
    assert len(tokens) == 8


def _rotated(server: Server, phone: Phone) -> str | None:
    with server.database.writing() as session:
        return _rotate(server, session, phone.token)


def _use_and_fail(server: Server, token: str) -> None:
    with server.database.writing() as session:
        _rotate(server, session, token)
        raise ZeroDivisionError


def _rotate(server: Server, session: Session, token: str) -> str | None:
    principal = device_principal(session, token)
    assert principal is not None
    rotation = server.app.state.shell.rotation
    fresh: str | None = rotation.rotation_due(session, principal, server.clock.now())
    return fresh


def _principal(server: Server, phone: Phone) -> Principal:
    with server.database.reading() as session:
        principal = device_principal(session, phone.token)
    assert principal is not None
    return principal
