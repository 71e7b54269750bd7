"""One code makes one device, once, and a lost answer locks nobody out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from models.queries import devices
from sync.permission import Role
from tests.api.server import DESA, RT, Phone, Server, problem_of

KEY = "00112233445566778899aabbccddeeff"
ME = "/v1/me"


def test_a_code_becomes_a_device_with_lanes_and_limits(server: Server) -> None:
    server.account("budi", rts=frozenset({RT}))
    answer = server.enrol(server.code("budi")).json()
    (lane,) = answer["lanes"]
    assert (lane["desa"], lane["rt"]) == (DESA, [RT])
    assert answer["limits"]["operations_per_push"] == 500
    me = Phone(server, answer["device"], answer["token"]).call("GET", ME).json()
    assert (me["name"], me["role"], me["csrf"]) == ("budi", "petugas", None)


def test_an_account_without_rts_gets_the_whole_village(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("sari", Role.BIDAN)
    (lane,) = server.enrol(server.code("sari")).json()["lanes"]
    assert lane["rt"] is None


def test_a_code_is_read_however_it_is_typed(sqlite_server: Server) -> None:
    sqlite_server.account("budi")
    code = sqlite_server.code("budi").lower().replace("o", "0").replace("i", "1")
    assert sqlite_server.enrol(f" {code[:5]}-{code[5:]} ").status_code == 201


def test_a_code_works_once(server: Server) -> None:
    server.account("budi")
    code = server.code("budi")
    assert server.enrol(code, KEY).status_code == 201
    for key in (None, "f" * 32):
        assert problem_of(server.enrol(code, key))["type"] == "enrolment-refused"


def test_of_many_phones_with_one_code_exactly_one_is_enrolled(server: Server) -> None:
    server.account("budi")
    code = server.code("budi")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: server.enrol(code, f"{n:032d}").status_code, range(6)))
    assert sorted(answers) == [201, 403, 403, 403, 403, 403]


def test_one_request_sent_six_times_at_once_is_one_device(server: Server) -> None:
    server.account("budi")
    code = server.code("budi")
    with ThreadPoolExecutor(6) as pool:
        answers = [one.json() for one in pool.map(lambda _: server.enrol(code, KEY), range(6))]
    assert len({one["device"] for one in answers}) == 1
    for token in {one["token"] for one in answers}:
        assert Phone(server, answers[0]["device"], token).call("GET", ME).status_code == 200


def test_a_repeated_request_gets_the_same_device_and_the_same_fresh_token(server: Server) -> None:
    server.account("budi")
    code = server.code("budi")
    first, second, third = (server.enrol(code, KEY).json() for _ in range(3))
    assert first["device"] == second["device"] == third["device"]
    assert second["token"] == third["token"]
    assert first["lanes"] == second["lanes"]


def test_a_late_duplicate_takes_no_token_away(server: Server) -> None:
    server.account("budi")
    code = server.code("budi")
    first = server.enrol(code, KEY).json()
    second = server.enrol(code, KEY).json()
    server.enrol(code, KEY)
    for answer in (first, second):
        assert Phone(server, answer["device"], answer["token"]).call("GET", ME).status_code == 200


def test_a_repetition_is_possible_for_72_hours_only(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    code = server.code("budi")
    server.enrol(code, KEY)
    server.clock.advance(timedelta(hours=71, minutes=59))
    assert server.enrol(code, KEY).status_code == 201
    server.clock.advance(timedelta(minutes=1))
    assert server.enrol(code, KEY).status_code == 403


def test_an_unused_code_expires_after_72_hours(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    code = server.code("budi")
    server.clock.advance(timedelta(hours=72))
    assert problem_of(server.enrol(code))["type"] == "enrolment-refused"


def test_five_mistyped_tries_end_a_code(server: Server) -> None:
    server.account("budi")
    code = server.code("budi")
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    for _ in range(5):
        assert server.enrol(wrong).status_code == 403
    assert server.enrol(code).status_code == 403


def test_four_mistyped_tries_do_not(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    code = server.code("budi")
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    for _ in range(4):
        server.enrol(wrong)
    assert server.enrol(code).status_code == 201


def test_every_refused_code_gets_the_same_answer(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    used, expired = server.code("budi"), server.code("budi")
    server.enrol(used)
    bodies = {server.enrol(used).text, server.enrol("AAAAAAAAAA").text, server.enrol("!").text}
    server.clock.advance(timedelta(hours=80))
    bodies.add(server.enrol(expired).text)
    assert len(bodies) == 1


def test_more_than_ten_guesses_a_second_are_put_off(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    code = server.code("budi")
    answers = [server.enrol("AAAAAAAAAA") for _ in range(11)]
    assert [one.status_code for one in answers] == [403] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    # Nobody can be told whether a right code would have been right.
    assert server.enrol(code).status_code == 429
    server.clock.advance(timedelta(seconds=1))
    assert server.enrol(code).status_code == 201


def test_a_disabled_account_enrols_nothing(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    server.account("pusat", Role.ADMIN, "18")
    code = server.code("budi")
    admin = server.browser("pusat")
    admin.call("POST", f"/v1/accounts/{server.accounts['budi'].id}/disable")
    assert server.enrol(code).status_code == 403


def test_a_revoked_device_cannot_be_brought_back_with_its_code(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("budi")
    code = server.code("budi")
    device = server.enrol(code, KEY).json()["device"]
    with server.database.writing() as session:
        devices.revoke_device(session, device, server.clock.now())
    assert server.enrol(code, KEY).status_code == 403


def test_an_operator_makes_codes_for_collectors_of_the_own_village_only(server: Server) -> None:
    server.account("operator", Role.OPERATOR_DESA)
    server.account("budi")
    server.account("jauh", area="1804052001")
    server.account("camat", Role.SUPERVISOR)
    operator = server.browser("operator")

    def issue(name: str) -> int:
        body = {"account": server.accounts[name].id}
        return operator.call("POST", "/v1/enrolments", json=body).status_code

    assert issue("budi") == 201
    assert issue("jauh") == 404
    assert issue("camat") == 404


def test_names_with_control_characters_are_refused(sqlite_server: Server) -> None:
    sqlite_server.account("budi")
    code = sqlite_server.code("budi")
    for name in ("a\x00b", "a\nb", "", "x" * 201):
        assert sqlite_server.enrol(code, name=name).status_code == 400
