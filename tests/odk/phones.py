"""The two engines that fill forms in the field, as phones that a test cannot tell apart."""

from pathlib import Path
from typing import Final, TypeAlias

from tests.odk.entities import EntityStore
from tests.odk.javarosa import Phone
from tests.odk.webforms import WebPhone

JAVAROSA: Final = "javarosa"
"""Inside ODK Collect and KoboCollect."""
WEB_FORMS: Final = "web-forms"
"""Inside ODK Web Forms."""
ENGINES: Final = (JAVAROSA, WEB_FORMS)

AnyPhone: TypeAlias = Phone | WebPhone


def phone_with(engine: str, folder: Path, store: EntityStore | None = None) -> AnyPhone:
    """A phone of its own, with entity lists that somebody else may fetch for it."""
    store = store if store is not None else EntityStore()
    if engine == JAVAROSA:
        return Phone(folder, store=store)
    assert engine == WEB_FORMS, engine
    return WebPhone(store=store)
