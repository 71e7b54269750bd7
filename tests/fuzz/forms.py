"""Throw mutated forms and bodies at the OpenRosa door's readers, for as long as asked.

    python -m tests.fuzz.forms [--seconds 60] [--seed 1]

With atheris installed it follows the coverage; without it, mutations of known forms are drawn from
a seed. Anything but the refusals that the readers name ends the run and prints the input.
"""

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Final

from api.errors import AppError
from api.formats.xform.statements import Births, said_by
from api.formats.xform.submission import Refused, Unreadable, read_instance
from api.openrosa.bodies import Body
from tests.openrosa.collect import multipart
from tests.openrosa.forms import Entity, instance, measuring_form, new_family_form, visit_form

SECONDS_PER_INPUT_MAX: Final = 1.0
SECONDS_PER_INPUT_STUCK: Final = 10
"""By the clock on the wall, which runs on while a shared machine does something else."""
RECORD: Final = "0c5c0f5e-6a55-4f0b-9f6a-3d6c1b8e0a01"
READERS: Final = ("api.formats.xform", "api.openrosa", "sync")
TOKENS: Final = (
    b"<!DOCTYPE a>", b"<!ENTITY x 'y'>", b"&x;", b"<a>", b"</a>", b"<a/>", b"<![CDATA[", b"]]>",
    b"<?xml version='1.0' encoding='utf-16'?>", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf",
    b"xmlns:a=''",
    b"&#0;", b"&#x10ffff;", b"--b", b"\r\n\r\n", b'name="', b"filename*=utf-8''%00", b"../../x",
    b"1e999", b"NaN", b"-1", b"9" * 40, b" " * 300,
)  # fmt: skip
FORMS: Final = (visit_form(), new_family_form(), measuring_form())


def seeds() -> list[bytes]:
    """Forms and bodies as phones send them."""
    told = {"keluarga": RECORD, "luas": "54", "program": "pkh", "lokasi": "-5 105 0 4", "hari": "x"}
    entity = Entity(RECORD, update=True, base=3, trunk=3, branch="b")
    made = [
        instance(form, "uuid:1", told, entity=entity, members=[{"nama": "A", "nik": "1"}])
        for form in FORMS
    ]
    member = f'<anggota><meta><entity dataset="anggota" id="{RECORD}" create="1"/></meta>'
    made += [raw.replace(b"<anggota>", member.encode()) for raw in made]
    return [*made, *(multipart(raw, {"a.jpg": b"x", "b c.txt": b""})[0] for raw in made)]


def one(data: bytes) -> None:
    """Read the input as a form and as a body; only the named refusals may come of it."""
    try:
        read = read_instance(data)
    except (Refused, Unreadable):
        read = None
    if read is not None:
        for form in FORMS:
            said_by(read, form.mapping, {}, Births("a", "b"))
    body = Body(
        "multipart/form-data; boundary=c0ffee00-0000-4000-8000-000000000000", data, len(data)
    )
    try:
        body.parts()
    except AppError as error:
        if error.code != "not-a-form":
            raise


def mutated(random: Random, known: Sequence[bytes]) -> bytes:
    """Some bytes turned, cut, doubled, or replaced by what parsers stumble over."""
    data = bytearray(random.choice(known))
    for _ in range(random.randrange(1, 9)):
        at = random.randrange(len(data) + 1)
        match random.randrange(4):
            case 0:
                data[at:at] = random.choice(TOKENS)
            case 1:
                del data[at : at + random.randrange(40)]
            case 2:
                data[at:at] = data[at : at + random.randrange(400)] * random.randrange(1, 4)
            case _:
                data[at : at + 1] = bytes([random.randrange(256)])
    return bytes(data)


def by_coverage(arguments: argparse.Namespace) -> bool:
    """Let atheris lead, where it is installed. It ends the process itself, with its own figures."""
    try:
        atheris = import_module("atheris")
    except ImportError:
        return False
    _follow(atheris.instrument_func)
    with TemporaryDirectory() as folder:
        words, corpus = Path(folder, "words"), Path(folder, "corpus")
        words.write_text("".join(f'"{_quoted(token)}"\n' for token in TOKENS))
        corpus.mkdir()
        for number, known in enumerate(seeds()):
            (corpus / str(number)).write_bytes(known)
        options = [
            f"-max_total_time={arguments.seconds}",
            f"-seed={arguments.seed}",
            f"-timeout={SECONDS_PER_INPUT_STUCK}",
            f"-dict={words}",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], one)
        atheris.Fuzz()
    return True


def _follow(instrument: Callable[[FunctionType], object]) -> None:
    """Only the readers: to instrument the libraries takes minutes before the first input."""
    for known in gc.get_objects():
        if isinstance(known, FunctionType) and str(known.__module__).startswith(READERS):
            instrument(known)


def _quoted(token: bytes) -> str:
    """A token as libFuzzer's dictionaries write it."""
    return "".join(f"\\x{byte:02x}" for byte in token)


def by_chance(arguments: argparse.Namespace, check: Callable[[bytes], None]) -> int:
    """Draw inputs until the time is over; how many there were."""
    random, known, count = Random(arguments.seed), seeds(), 0
    until = time.monotonic() + arguments.seconds
    while time.monotonic() < until:
        data = mutated(random, known)
        begun = time.thread_time()
        try:
            check(data)
        except Exception:
            sys.stderr.write(f"input: {data!r}\n")
            raise
        if time.thread_time() - begun > SECONDS_PER_INPUT_MAX:
            sys.stderr.write(f"slow input: {data!r}\n")
            raise SystemExit(os.EX_SOFTWARE)
        count += 1
    return count


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz, and say how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    if not by_coverage(arguments):
        count = by_chance(arguments, one)
        sys.stdout.write(f"{count} inputs in {arguments.seconds} s, no surprise\n")
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
