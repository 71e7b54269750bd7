"""A served village with forms published and one phone with Collect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.odk.phones import ENGINES
from tests.openrosa.field import Field, the_field
from tests.openrosa.forms import new_family_form, publish, visit_form, without_photographs


@pytest.fixture
def field(database_url: str, tmp_path: Path) -> Iterator[Field]:
    """The test runs on both databases."""
    with the_field(database_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def plain_field(field: Field) -> Field:
    """Its forms ask for no photographs, so that most of what comes is whole at once."""
    return _plain(field)


@pytest.fixture
def plain_field_ahead(postgres_url: str, tmp_path: Path) -> Iterator[Field]:
    """The same where forms are decided ahead of their turn."""
    with the_field(postgres_url, tmp_path / "data") as opened:
        yield _plain(opened)


def _plain(field: Field) -> Field:
    field.visit = without_photographs(visit_form())
    field.new_family = without_photographs(new_family_form())
    for form in (field.visit, field.new_family):
        publish(field.world.database, form, field.world.clock.now())
    return field


@pytest.fixture
def sqlite_field(sqlite_url: str, tmp_path: Path) -> Iterator[Field]:
    """SQLite alone, for what does not depend on the database."""
    with the_field(sqlite_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a phone runs with both engines."""
    return str(request.param)
