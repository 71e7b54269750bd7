"""One form, two engines: a client of the compact JSON asks, shows and keeps what JavaRosa does.

Somebody answers at random, sensibly and not, in front of the client in Python. The same answers
then go to JavaRosa, which must have asked the same questions with the same words, shown the same
values and choices, stopped at the same place, and end with the same instance.
"""

import json
from collections.abc import Callable
from datetime import date, datetime
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.odk.conftest import Examined
from tests.odk.javarosa import Answer, Asked, Filled, Phone, Refused
from tests.odk.runtime import KEPT, Filling, Kept, Question

EXAMPLES = {
    "verifikasi_keluarga": 8,
    "verifikasi_keluarga_2025": 3,
    "usulan_keluarga_baru": 4,
    "pengukuran_balita": 12,
    "rt_selesai": 12,
}
CARELESS = 0.01
"""How often somebody types nonsense or leaves out what is needed."""
MET = 0.8
"""How often somebody is at home."""
TEXTS = ("", "ANI CONTOH", "1802212101100003", "12", "003", "Jalan Contoh 9")
DAYS = (date(1958, 3, 1), date(1990, 5, 25), date(2015, 7, 7), date(2024, 6, 10), date(2026, 10, 1))
MEASURES = {"berat_kg": (2, 20), "tinggi_cm": (45, 110), "lila_cm": (10, 18)}
OWN = ("instanceID", "mulai", "selesai", "hari")
"""What each engine makes by itself."""


class Somebody:
    """Who taps and types, and remembers what."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.answers: dict[str, Answer] = {}

    def __call__(self, question: Question) -> Answer | Kept:
        told = self._decided(question)
        if not isinstance(told, Kept):
            self.answers[question.asked.question] = told
        return told

    def _decided(self, question: Question) -> Answer | Kept:
        careless = self.random.random() < CARELESS
        asked = question.asked
        if question.control in {"note", "upload"} or question.type == "geopoint":
            return KEPT
        if asked.value and not careless and self.random.random() < 0.7:
            return KEPT
        if careless and self.random.random() < 0.5:
            return None
        if asked.choices:
            return self._chosen(question, careless=careless)
        return self._typed(question, careless=careless)

    def _chosen(self, question: Question, *, careless: bool) -> Answer:
        choices = question.asked.choices
        if question.control == "select-many":
            return self._several(choices, careless=careless)
        at_home = "selesai" in choices and self.random.random() < MET
        return "selesai" if at_home else self.random.choice(choices)

    def _several(self, choices: tuple[str, ...], *, careless: bool) -> list[str]:
        if not careless and self.random.random() < 0.5:
            return ["tidak_ada"]
        chosen = self.random.sample(choices, self.random.randint(1, 3))
        return (
            chosen if careless else [one for one in chosen if one != "tidak_ada"] or ["tidak_ada"]
        )

    def _typed(self, question: Question, *, careless: bool) -> Answer:
        if question.type == "date":
            return self.random.choice((*DAYS, date(2030, 1, 1)) if careless else DAYS)
        if question.type == "int":
            return self.random.choice((-1, 5000)) if careless else self.random.randint(1, 3)
        if question.type == "decimal":
            least, most = MEASURES[question.asked.question]
            return 0.1 if careless else round(self.random.uniform(least, most), 1)
        name = question.asked.question.rsplit("/", 1)[-1]
        if not careless and name in {"rt", "rw", "nama", "nama_kepala_keluarga"}:
            return "004" if name in {"rt", "rw"} else "ANI CONTOH"
        return self.random.choice(TEXTS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_client_of_the_compact_form_asks_and_keeps_what_javarosa_does(
    name: str, examined: Examined, phone_for: Callable[[str], Phone]
) -> None:
    form = json.loads(examined(name).compact)
    xml = examined(name).xml

    @settings(
        max_examples=EXAMPLES[name],
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**32))
    def compared(seed: int) -> None:
        phone = phone_for(name)
        lists = {listed: phone.store.csv(listed) for listed in phone.store.lists}
        lists |= {name.removesuffix(".csv"): held.decode() for name, held in phone.files.items()}
        random = Random(seed)
        client = Filling(
            form,
            lists,
            datetime.now().astimezone(),
            lambda: str(UUID(bytes=random.randbytes(16), version=4)),
        )
        somebody = Somebody(seed)
        ended = _end_of(lambda: (client.go(somebody), _comparable(client.values(), form)))

        def on_the_phone() -> End:
            filled = phone.fill(xml, somebody.answers)
            return [*filled.asked], _comparable(filled.values(), form)

        assert _end_of(on_the_phone) == ended

    compared()


End: TypeAlias = tuple[list[Asked], dict[str, str]]


def _end_of(fill: Callable[[], End]) -> End | tuple[str, str]:
    """What was asked and kept, or which question stopped it and why."""
    try:
        return fill()
    except Refused as refused:
        return refused.question, refused.why


def _comparable(values: dict[str, str], form: Any) -> dict[str, str]:  # noqa: ANN401 (JSON)
    groups = {path.rsplit("/", 1)[0] for path in (node["path"] for node in form["nodes"])}
    names = {path.rsplit("/", 1)[-1] for path in groups}
    return {
        name: _plain(name, value)
        for name, value in values.items()
        if name not in OWN and "@" not in name and name.rsplit("/", 1)[-1] not in names
    }


def _plain(name: str, value: str) -> str:
    if name.endswith("id_baru") and value:
        return str(UUID(value).version)
    # JavaRosa writes a day that a calculation hands on with a time, other engines without.
    return value.removesuffix("T00:00:00.000Z")


def test_notes_and_labels_speak_two_languages(
    examined: Examined, phone_for: Callable[[str], Phone]
) -> None:
    phone = phone_for("verifikasi_keluarga")
    phone.language = "English (en)"
    answers: dict[str, Answer] = {
        "keluarga": "5c0c5f0e-6a55-4f0b-9f6a-3d6c1b8e0a01",
        "hasil_kunjungan": "menolak",
    }
    filled: Filled = phone.fill(examined("verifikasi_keluarga").xml, answers)
    assert filled.shown("hasil_kunjungan").label == (
        "SITI CONTOH, Jalan Contoh 3 RT 003/001. What came of the visit?"
    )
