"""Who has read what is on record before the answer leaves."""

from api.shell import Shell
from models.queries.auditing import AuditEntry, append


def noted(shell: Shell, chain: str, *entries: AuditEntry) -> None:
    """Append to a village's audit chain, in a transaction of its own: reading writes nothing."""
    with shell.database.writing() as session:
        append(session, chain, *entries)
