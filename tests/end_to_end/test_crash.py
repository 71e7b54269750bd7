"""kill -9 of the server, at every statement and between commit and answer: 0 lost, 0 doubled.

`CRASH_ROUNDS=200` makes the random part as long as a night.
"""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from queue import SimpleQueue
from random import Random
from typing import Any

from sync.permission import Role
from tests.api.device import Operation, record_id
from tests.api.office import DESA, area
from tests.end_to_end.nursery import Nursery
from tests.end_to_end.sending import (
    Remote,
    Sender,
    assert_nothing_lost_or_doubled,
)
from tests.end_to_end.wire import PATIENCE_SECONDS, Lost

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "6"))
PHONES = 3
STATEMENTS_MIN = {"sqlite": 15, "postgresql": 12}
"""Of a push: so many deaths at least, or the countdown counts something else. PostgreSQL takes a
batch's numbers, log, lane and audit entry in one statement."""


def phones(remote: Remote, numbers: Iterator[int], how_many: int) -> list[Sender]:
    """Phones that see the whole village, and have synced before."""
    senders = []
    for number in range(how_many):
        device = remote.device(f"petugas{number}", Role.OPERATOR_DESA, [area(DESA)])
        device.sync([device.create(record_id(next(numbers)))])
        senders.append(Sender(remote, device))
    remote.go_live()
    return senders


def a_batch(sender: Sender, numbers: Iterator[int]) -> list[Operation]:
    """A new family with a member, an edit of both that others may have changed meanwhile."""
    device, home = sender.device, record_id(next(numbers))
    return [
        device.create(home, luas_lantai=40),
        device.add_member(record_id(next(numbers)), home),
        device.edit(record_id(1), 0, nama_kepala_keluarga=f"Contoh {device.last}"),
    ]


def takes(remote: Remote, sender: Sender, batch: list[Operation]) -> dict[str, Any] | None:
    """Offer a batch once, over a fresh connection; nothing where the server died of it."""
    remote.wire.hang_up()
    try:
        return sender.offer(batch, "/v1/sync")
    except Lost:
        return None


def test_the_server_dies_at_every_statement_and_between_commit_and_answer(
    remote: Remote, servers: Nursery
) -> None:
    numbers = count(1)
    (sender,) = phones(remote, numbers, 1)
    batch = a_batch(sender, numbers)
    deaths = 0
    servers.bear(statements=1)
    while (told := takes(remote, sender, batch)) is None:
        deaths += 1
        servers.wait()
        servers.bear(statements=deaths + 1)
    servers.kill()
    assert deaths > STATEMENTS_MIN[remote.database.dialect]
    # Nothing is left of the pushes that were cut short, so nothing is a repetition.
    assert (told["acked"], told["results"]) == (4, [])
    waiting: list[Operation] = []
    for _ in range(3):
        servers.bear(commits=2 if waiting else 1)
        if waiting:
            assert_all_repeated(takes(remote, sender, waiting))
        waiting = a_batch(sender, numbers)
        assert takes(remote, sender, waiting) is None
        servers.wait()
    servers.bear()
    assert_all_repeated(takes(remote, sender, waiting))
    servers.kill()
    assert assert_nothing_lost_or_doubled(remote, [sender]) == 12


def assert_all_repeated(told: dict[str, Any] | None) -> None:
    assert told is not None
    assert {result["outcome"] for result in told["results"]} == {"duplicate"}
    assert len(told["results"]) == 3


def test_the_server_dies_at_any_moment(remote: Remote, servers: Nursery) -> None:
    chance, numbers = Random(5), count(1)
    senders = phones(remote, numbers, PHONES)
    stop, delivered = threading.Event(), SimpleQueue[int]()

    def work(sender: Sender) -> None:
        while not stop.is_set():
            path = chance.choice(["/v1/push", "/v1/sync"])
            delivered.put(sender.deliver(a_batch(sender, numbers), path)["acked"])
        remote.wire.hang_up()

    with ThreadPoolExecutor(PHONES) as threads:
        running = [threads.submit(work, sender) for sender in senders]
        servers.bear()
        for _ in range(ROUNDS):
            for _ in range(chance.randint(1, 15)):
                delivered.get(timeout=PATIENCE_SECONDS)
            servers.kill()
            servers.bear()
        stop.set()
        for one in running:
            one.result()
    servers.kill()
    acked = assert_nothing_lost_or_doubled(remote, senders)
    assert acked >= 3 * ROUNDS
    assert sum(sender.repeats for sender in senders) > 0
