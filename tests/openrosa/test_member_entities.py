"""Members that a form declares as entities of its repeat (2025.1), and asks no id of them."""

from dataclasses import replace

import pytest

from tests.api.device import FAMILY, MEMBER
from tests.api.village import assert_sound
from tests.openrosa.field import NIK, Field, record_id
from tests.openrosa.forms import Form, publish

BORN = record_id(70)


@pytest.fixture
def form(field: Field) -> Form:
    """A visit whose members are known by their entities alone."""
    mapping = field.visit.mapping
    questions = tuple(
        one for one in mapping.questions if not (one.repeat and one.path.endswith("/id"))
    )
    assert len(questions) == len(mapping.questions) - 1
    made = replace(mapping, version="2027010101", questions=questions, entities_version="2025.1")
    newer = replace(field.visit, mapping=made)
    publish(field.world.database, newer, field.world.clock.now())
    return newer


def _visited(field: Field, form: Form, member: str, act: str, **answers: str) -> bytes:
    raw = field.visited({}, base=field.key.version(), form=form, members=[answers])
    entity = f'<entity dataset="anggota" id="{member}" {act}="true"><label>x</label></entity>'
    return raw.replace(b"<anggota>", f"<anggota><meta>{entity}</meta>".encode())


def _names(field: Field) -> list[str]:
    return sorted(one["nama"] for one in field.documents("anggota"))


def test_a_member_that_is_created_is_who_the_phone_says(field: Field, form: Form) -> None:
    raw = _visited(field, form, BORN, "create", nama="DEWI")
    assert field.key.post(raw).status == 201
    assert field.key.post(raw).status == 201
    assert field.document(BORN)["nama"] == "DEWI"
    again = _visited(field, form, BORN, "update", nama="DEWI LESTARI")
    assert field.key.post(again).status == 201
    assert _names(field) == ["DEWI LESTARI", "SUPARMAN"]
    assert_sound(field.world)


def test_a_member_that_is_updated_is_the_one_of_the_list(field: Field, form: Form) -> None:
    raw = _visited(field, form, MEMBER, "update", nama="SUPARNO")
    assert field.key.post(raw).status == 201
    assert _names(field) == ["SUPARNO"]


def test_one_that_is_created_with_a_known_nik_is_the_one_who_bears_it(
    field: Field, form: Form
) -> None:
    raw = _visited(field, form, BORN, "create", nama="SUPARNO", nik=NIK)
    assert field.key.post(raw).status == 201
    assert _names(field) == ["SUPARNO"]
    assert field.document(MEMBER)["nama"] == "SUPARNO"


def test_an_update_of_nobody_makes_nobody(field: Field, form: Form) -> None:
    raw = _visited(field, form, BORN, "update", nama="DEWI")
    assert field.key.post(raw).status == 201
    assert _names(field) == ["SUPARMAN"]
    ((problem,),) = field.world.ask("SELECT problem FROM quarantine")
    assert problem == "record-unknown"
    assert_sound(field.world)


def test_an_entity_of_another_list_says_nothing_about_members(field: Field, form: Form) -> None:
    raw = _visited(field, form, FAMILY, "create", nama="DEWI")
    other = raw.replace(b'dataset="anggota"', b'dataset="ternak"')
    assert field.key.post(other).status == 201
    assert _names(field) == ["DEWI", "SUPARMAN"]
