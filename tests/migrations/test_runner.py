"""Bringing a database to a revision, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

from migrations import runner


def test_a_database_that_was_upgraded_has_nothing_pending(database_url: str) -> None:
    runner.upgrade(database_url)
    assert runner.pending(database_url) == []


def test_the_tables_in_the_code_are_those_of_the_revisions(database_url: str) -> None:
    assert runner.check(database_url) == []


def test_every_revision_can_be_taken_back_and_applied_again(database_url: str) -> None:
    newest = runner.current(database_url)
    runner.downgrade(database_url, "base")
    assert runner.current(database_url) is None
    runner.upgrade(database_url)
    assert runner.current(database_url) == newest


def test_two_that_upgrade_at_once_wait_for_each_other(database_url: str) -> None:
    runner.downgrade(database_url, "base")
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(runner.upgrade, [database_url] * 2))
    assert runner.pending(database_url) == []
