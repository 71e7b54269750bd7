"""The forms of this repository, converted once for all tests of a run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from api.formats.xform.mapping import RT_LIST
from api.services.publishing import ExaminedForm, examine
from clients.odk.build import PLACE
from tests.odk.javarosa import Phone
from tests.odk.village import FAMILIES, MEMBERS, RTS, list_csv

Examined = Callable[[str], ExaminedForm]


@cache
def _examined(name: str) -> ExaminedForm:
    return examine((PLACE / f"{name}.xlsx").read_bytes(), {}, java=None)


@pytest.fixture(scope="session")
def examined() -> Examined:
    """A workbook of `clients/odk` as it would be published."""
    return _examined


@pytest.fixture
def phone_for(examined: Examined, tmp_path: Path) -> Callable[[str], Phone]:
    """A phone that has fetched the entity lists of a form."""

    def fetched(name: str) -> Phone:
        phone = Phone(tmp_path / "phone")
        for listed in examined(name).checked.mapping.lists:
            if listed.name == RT_LIST:
                phone.files[f"{RT_LIST}.csv"] = RTS
                continue
            rows = {"keluarga": FAMILIES, "anggota": MEMBERS}[listed.name]
            phone.sync(listed.name, list_csv(listed.properties, rows))
        return phone

    return fetched
