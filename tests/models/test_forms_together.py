"""What forms ask and leave together is what each of them would have asked and left alone."""

from collections.abc import Sequence
from random import Random

import pytest

from models.database import Database
from models.queries import submissions
from models.queries.before import Question, what_came_before
from models.queries.rowsets import SLOTS
from models.queries.submissions import Kept, add_submissions
from models.sealing import SEALED_PREFIX, Vault
from tests.api.recording import recorded
from tests.builders import DESA, ELSEWHERE, an_id
from tests.models.kept_forms import AGENT, SOURCE, a_form, keep, keep_waiting, open_lane
from tests.models.test_frozen_villages import Turning

MEGABYTE = 1 << 20
PHONES = [f"phone {number}" for number in range(20)]
INSTANCES = [f"uuid:{number}" for number in range(20)]
RECORDS = [an_id(900 + number) for number in range(6)]


def a_village(database: Database, *, is_waited: bool) -> None:
    """Lanes and forms of the village, and of another one that has the same names."""
    with database.writing() as session:
        for desa, phones in ((DESA, PHONES[:8]), (ELSEWHERE, PHONES[4:])):
            for phone in phones:
                open_lane(session, phone, desa=desa)
                open_lane(session, phone, desa=desa, source="odk-side")
        keep(session, *(a_form(n, record=RECORDS[n % 4]) for n in range(6)))
        # One instance twice, with other content; a form that has not landed is about no record.
        keep(session, a_form(7, instance=INSTANCES[2], state="quarantined", lane=None))
        keep(session, a_form(6, instance=INSTANCES[2], record=RECORDS[0]))
        keep(session, a_form(8, record=RECORDS[1], state="held", lane=None))
        keep(session, *(a_form(n, record=RECORDS[n % 6]) for n in range(10, 16)), desa=ELSEWHERE)
        keep_waiting(session, a_form(16), desa=DESA if is_waited else ELSEWHERE)


def questions(seed: int, size: int) -> list[Question]:
    """Of some that were here and some that were not, about no record at times."""
    random = Random(seed)
    phones, instances = random.sample(PHONES, size), random.sample(INSTANCES, size)
    records = [random.choice([None, *RECORDS]) for _ in range(size)]
    return [Question(DESA, *one) for one in zip(instances, records, phones, strict=True)]


@pytest.mark.parametrize("is_waited", [True, False])
@pytest.mark.parametrize("size", [1, 2, 4, 5, 16])
def test_forms_that_ask_together_hear_what_each_of_them_would_hear_alone(
    database: Database, size: int, *, is_waited: bool
) -> None:
    a_village(database, is_waited=is_waited)
    with database.reading() as session:
        heard = 0
        for seed in range(20):
            asked = questions(seed, size)
            with recorded() as seen:
                together = what_came_before(session, SOURCE, asked)
            assert len(seen) == 1
            alone = [one for each in asked for one in what_came_before(session, SOURCE, [each])]
            assert together == alone
            assert all(one.is_waited is is_waited for one in together)
            heard += sum(1 for one in together if one.lane and (one.same or one.about))
    assert heard, "some of them were here before"


def test_two_forms_of_one_phone_about_one_record_hear_the_same(database: Database) -> None:
    a_village(database, is_waited=False)
    one = Question(DESA, INSTANCES[2], RECORDS[0], PHONES[0])
    other = Question(DESA, "uuid:new", RECORDS[0], PHONES[0])
    with database.reading() as session:
        first, second, third = what_came_before(session, SOURCE, [one, other, one])
    assert first == third
    assert (first.lane, first.about) == (second.lane, second.about)
    assert [form.id for form in first.same] == [an_id(2), an_id(6), an_id(7)]
    assert [form.id for form in first.about] == [an_id(0), an_id(4), an_id(6)]
    assert second.same == ()


def test_more_forms_than_there_are_slots_are_a_mistake_of_whoever_asks(database: Database) -> None:
    size = SLOTS[-1] + 1
    asked = [Question(DESA, f"uuid:{n}", None, "phone") for n in range(size)]
    with database.reading() as session, pytest.raises(AssertionError):
        what_came_before(session, SOURCE, asked)


# Kept for ever ------------------------------------------------------------------------------


CONTENTS = {
    "nothing at all": b"",
    "every byte, with zeros": bytes(range(256)) * 2 + b"\x00\x00",
    "what looks as if it were sealed": SEALED_PREFIX.encode() + b"<data/>",
    "text of the field": "<data>rumah — di tepi 'sungai' \"besar\"\\</data>".encode(),
    "a megabyte": Random(1).randbytes(MEGABYTE),
}


def _kept(database: Database, contents: Sequence[bytes]) -> list[bytes]:
    """What comes back of forms that were kept at once, with all that is known of each."""
    forms = [
        Kept(a_form(n, size=len(raw), record=an_id(n), problem='"'), raw, AGENT)
        for n, raw in enumerate(contents)
    ]
    with database.writing() as session:
        add_submissions(session, DESA, forms)
    with database.reading() as session:
        for one in forms:
            assert submissions.submission(session, DESA, one.stored.id) == one.stored
        return [submissions.xml_of(session, DESA, one.stored.id) for one in forms]


def test_forms_that_were_kept_together_come_back_byte_for_byte(database: Database) -> None:
    contents = list(CONTENTS.values())
    assert _kept(database, contents) == contents


@pytest.mark.parametrize("name", CONTENTS)
def test_a_form_that_was_kept_alone_comes_back_byte_for_byte(database: Database, name: str) -> None:
    assert _kept(database, [CONTENTS[name]]) == [CONTENTS[name]]


def test_sealed_forms_come_back_byte_for_byte_and_lie_there_unreadable(database_url: str) -> None:
    database = Database.open(database_url, pool_size=2, vault=Vault(b"secret", Turning()))
    contents = list(CONTENTS.values())
    assert _kept(database, contents) == contents
    database.close()
    unsealed = Database.open(database_url, pool_size=2)
    with unsealed.reading() as session:
        for number, content in enumerate(contents):
            raw = submissions.xml_of(session, DESA, an_id(number))
            assert raw.startswith(SEALED_PREFIX.encode())
            assert raw != content
    unsealed.close()


def test_keeping_several_forms_is_one_statement_where_a_statement_costs_most(
    postgres_url: str,
) -> None:
    database = Database.open(postgres_url, pool_size=2)
    with database.writing() as session, recorded() as seen:
        keep(session, *(a_form(number) for number in range(16)))
    database.close()
    assert [one.summary for one in seen] == ["insert submission"]
