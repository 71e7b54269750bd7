"""The command line for designations, the ranking and children's growth."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.permission import Role
from tests.api.commanding import Run, commanding
from tests.api.listed import SHORT, TALL, measured_boy, new_id, poor_family, put
from tests.api.village import audited
from tests.api.world import DESA, OTHER_DESA, World, area, serving

DECREE = ("--decree", "SK Bupati B/88/2026", "--date", "2026-01-15")
STUNTING = ("--programme", "stunting", "--year", "2026")


@pytest.fixture
def village(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A world whose clock shows the present, as the command line's does."""
    with serving(sqlite_url, tmp_path / "data") as world:
        world.clock.set(datetime.now(UTC) - timedelta(hours=1))
        yield world


@pytest.fixture
def run(village: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    made = commanding(village, monkeypatch, capsys)
    monkeypatch.setenv("COLUMNS", "300")
    return made


def days_ago(days: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days)).isoformat()


def a_family_with_a_short_boy(world: World) -> str:
    """The family's id. The boy is 18 months old, whatever the day of the test."""
    family = poor_family(2)
    home, boy = str(family[0]["id"]), new_id()
    told = measured_boy(home, TALL, SHORT, child=boy, tanggal_lahir=days_ago(550))
    for ago, one in zip((40, 2), told[1:], strict=True):
        fields = one["set"]
        assert isinstance(fields, dict)
        fields["tanggal"] = days_ago(ago)
    put(world, [*family, *told])
    return home


# Designations ---------------------------------------------------------------------------------


def test_villages_are_designated_listed_replaced_and_revoked(village: World, run: Run) -> None:
    made = run("designate", "18.02.21.2001", OTHER_DESA, *STUNTING, *DECREE)
    assert (made.code, made.err) == (0, "")
    assert made.out.count("new") == 2
    assert "same" in run("designate", DESA, *STUNTING, *DECREE).out
    other = ("--decree", "SK 2", "--date", "2026-02-01", "--until", "2026-12-31")
    assert "replaced" in run("designate", DESA, *STUNTING, *other).out
    revoked = run("designate", OTHER_DESA, *STUNTING, "--revoke", "--reason", "salah desa")
    assert "revoked" in revoked.out
    again = run("designate", OTHER_DESA, *STUNTING, "--revoke", "--reason", "salah desa")
    assert "was not designated" in again.out
    listed = run("designations").out
    assert "SK 2" in listed
    assert "salah desa" not in listed
    history = run("designations", "--all", "--area", "1802").out
    assert "closed: salah desa" in history
    assert "closed: replaced by: SK 2" in history
    assert run("designations", "--year", "2025").out == "No village is designated.\n"
    assert len(audited(village, "villages-designated")) == 2


def test_answers_are_told_to_programs(run: Run) -> None:
    made = run("designate", DESA, *STUNTING, *DECREE, "--json").json
    assert [(one["desa"], one["outcome"]) for one in made] == [(DESA, "new")]
    (one,) = run("designations", "--json").json
    assert (one["desa"], one["programme"], one["decreed_on"]) == (DESA, "stunting", "2026-01-15")
    gone = run("designate", DESA, *STUNTING, "--revoke", "--reason", "x", "--json").json
    assert gone[0]["designation"] == one["id"]


def test_an_account_designates_inside_its_own_area_alone(village: World, run: Run) -> None:
    ida = village.account("ida", Role.TKPK, [area(DESA)])
    village.account("sri", Role.SUPERVISOR, [area(DESA)])
    assert run("designate", DESA, *STUNTING, *DECREE, "--by", "ida").code == 0
    ((actor,),) = village.ask("SELECT account_id FROM designation")
    assert actor == ida
    outside = run("designate", OTHER_DESA, *STUNTING, *DECREE, "--by", "ida")
    assert (outside.code, OTHER_DESA in outside.err) == (1, True)
    assert "designates no villages" in run("designate", DESA, *STUNTING, *DECREE, "--by", "sri").err
    assert "No account" in run("designate", DESA, *STUNTING, *DECREE, "--by", "nobody").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((DESA, *STUNTING), "Say by which decree"),
        ((DESA, *STUNTING, "--revoke"), "Say why"),
        (("1802", *STUNTING, *DECREE), "10 digits"),
        (("1802219999", *STUNTING, *DECREE), "No village"),
        ((DESA, *STUNTING, "--decree", "x", "--date", "2199-01-01"), "has not come yet"),
    ],
)
def test_what_is_missing_or_wrong_is_explained(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    answer = run("designate", *arguments)
    assert answer.code == 1
    assert said in answer.err


# Ranking and growth ---------------------------------------------------------------------------


def test_the_ranking_tells_its_rule_and_its_counts(village: World, run: Run) -> None:
    a_family_with_a_short_boy(village)
    run("designate", OTHER_DESA, "--programme", "stunting", "--year", str(datetime.now(UTC).year),
        "--decree", "SK 1", "--date", days_ago(1))  # fmt: skip
    told = run("ranking", "--area", "18.02")
    assert told.code == 0
    assert "Rule desil1-stunting/1, desil_nasional" in told.out
    assert told.out.index("Contoh Dua") < told.out.index("Contoh Satu")
    assert "2 villages: 3 people of 1 families in decile 1" in told.out
    assert "not a diagnosis" in told.out
    page = run("ranking", "--limit", "1", "--field", "desil_provinsi", "--json").json
    assert (page["total"], len(page["villages"]), page["field"]) == (2, 1, "desil_provinsi")
    assert "No village" in run("ranking", "--area", "1804").out


def test_children_are_listed_with_what_was_measured(village: World, run: Run) -> None:
    a_family_with_a_short_boy(village)
    told = run("growth", "--desa", DESA)
    assert told.code == 0
    assert "Anak Contoh" in told.out
    assert "1 children; 0 due for measuring, 1 at risk." in told.out
    assert "not a diagnosis" in told.out
    page = run("growth", "--desa", DESA, "--at-risk", "--rt", "3/1", "--json").json
    assert page["children"][0]["latest"]["tbu"]["verdict"] in {"pendek", "sangat_pendek"}
    assert run("growth", "--desa", DESA, "--due").out.startswith("0 children")
    assert len(audited(village, "growth-read")) == 2
    assert "RT/RW" in run("growth", "--desa", DESA, "--rt", "x").err


def test_who_was_never_measured_and_what_is_missing_are_told(village: World, run: Run) -> None:
    family = poor_family(1)
    home = str(family[0]["id"])
    never = measured_boy(home, tanggal_lahir=days_ago(100))
    weighed = measured_boy(home, TALL, tanggal_lahir=days_ago(100))
    weighed[1]["set"] = {"berat_kg": 6.5}
    put(village, [*family, *never, *weighed])
    told = run("growth", "--desa", DESA).out
    assert "never" in told
    assert "unknown" in told
    assert "2 due for measuring" in told


def test_a_family_s_card_on_the_terminal_says_whether_it_is_at_risk(
    village: World, run: Run
) -> None:
    home = a_family_with_a_short_boy(village)
    told = run("record", "show", home).out
    assert "berisiko stunting: yes; children at risk 1 (1 up to 60 months old, 1 judged" in told
    assert "not a diagnosis" in told
    assert run("record", "show", home, "--json").json["growth"]["berisiko_stunting"] is True
