"""The phone's own database, version by version.

``rows`` is the server copy and nothing else: it changes only by what the server sent. What the
person at the phone did is in ``operations``, frozen. What is shown is computed from both.
"""

from typing import Final

_FIRST: Final = """
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL               -- JSON
) WITHOUT ROWID;

CREATE TABLE villages (
    desa TEXT PRIMARY KEY,
    lane TEXT NOT NULL,
    next_seq INTEGER NOT NULL DEFAULT 1,
    acked INTEGER NOT NULL DEFAULT 0,      -- last operation of the lane seen acknowledged
    durable INTEGER NOT NULL DEFAULT 0,    -- last operation covered by a backup
    needs_lane INTEGER NOT NULL DEFAULT 0, -- the lane cannot go on: ask for a new one
    scope TEXT NOT NULL DEFAULT '[]',      -- JSON: RTs this phone may see, null = whole village
    held TEXT NOT NULL DEFAULT '[]',       -- JSON: RTs whose rows have been loaded
    since INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL DEFAULT 0,
    in_scope INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;

CREATE TABLE rows (
    id TEXT PRIMARY KEY,
    entity TEXT NOT NULL,
    desa TEXT NOT NULL,
    seq INTEGER NOT NULL,
    doc TEXT NOT NULL,                -- JSON as the server has it; '{}' for an alias
    review TEXT NOT NULL,             -- JSON list of groups
    ended TEXT,
    alias TEXT,
    parent TEXT,
    rt TEXT                           -- only where the row itself tells it
);
CREATE INDEX rows_by_village ON rows (desa);
CREATE INDEX rows_by_alias ON rows (alias) WHERE alias IS NOT NULL;

-- Rows that left the scope. Only their position is kept, so that an older page that arrives late
-- cannot bring them back.
CREATE TABLE departed (
    id TEXT PRIMARY KEY,
    desa TEXT NOT NULL,
    seq INTEGER NOT NULL
) WITHOUT ROWID;

-- Records that a page spoke of and this phone lacks.
CREATE TABLE missing (
    id TEXT PRIMARY KEY,
    desa TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE operations (
    n INTEGER PRIMARY KEY AUTOINCREMENT,   -- the order in which the work was done
    desa TEXT NOT NULL,
    lane TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    record TEXT NOT NULL,
    body TEXT NOT NULL,                    -- canonical JSON without seq, frozen for ever
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'acked', 'durable')),
    at INTEGER,                            -- feed position at which it landed
    at_is_exact INTEGER NOT NULL DEFAULT 0,-- 0 for duplicates: they landed at or before "at"
    landed INTEGER NOT NULL DEFAULT 0,     -- the pull has reached "at": out of the overlay
    outcome TEXT,
    UNIQUE (lane, seq)
);
CREATE INDEX operations_by_record ON operations (record);
CREATE INDEX operations_by_state ON operations (desa, state, seq);
CREATE INDEX operations_by_hash ON operations (hash);

-- One anchor per boot: wall(op) = wall + op.mono - mono.
CREATE TABLE boots (
    boot TEXT PRIMARY KEY,
    wall TEXT NOT NULL,
    mono INTEGER NOT NULL
) WITHOUT ROWID;

-- Outcomes a person should know of, kept also when the operation itself may go.
CREATE TABLE troubles (
    hash TEXT PRIMARY KEY,
    desa TEXT NOT NULL,
    lane TEXT NOT NULL,
    seq INTEGER NOT NULL,
    entity TEXT NOT NULL,
    record TEXT NOT NULL,
    body TEXT NOT NULL,
    outcome TEXT NOT NULL,
    result TEXT NOT NULL,             -- JSON: the server's whole entry
    noted TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE receipts (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    acked INTEGER NOT NULL,
    at INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    receipt TEXT NOT NULL,
    noted TEXT NOT NULL
);

CREATE TABLE agreements (
    desa TEXT NOT NULL,
    rt TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('agrees', 'differs', 'not-comparable')),
    at INTEGER NOT NULL,
    checked TEXT NOT NULL,
    PRIMARY KEY (desa, rt)
) WITHOUT ROWID;

CREATE TABLE sync_log (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    started TEXT NOT NULL,
    entry TEXT NOT NULL               -- JSON: counters and codes, no personal data
);
"""

_RT_STATEMENTS: Final = """
CREATE TABLE rt_statements (
    desa TEXT NOT NULL,
    period TEXT NOT NULL,
    rt TEXT NOT NULL,
    done INTEGER NOT NULL,                 -- 0: taken back
    reason TEXT NOT NULL,
    stated TEXT NOT NULL,
    due INTEGER NOT NULL DEFAULT 1,        -- has to be offered to the server
    tried INTEGER NOT NULL DEFAULT 0,      -- may have reached the server, then or earlier
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'refused')),
    answer TEXT NOT NULL DEFAULT '{}',     -- JSON: the server's
    answered TEXT,
    seen INTEGER NOT NULL DEFAULT 0,       -- the answer was read by somebody
    PRIMARY KEY (desa, period, rt)
) WITHOUT ROWID;
"""

STEPS: Final = (_FIRST, _RT_STATEMENTS)
"""What leads from each version to the next; a new store takes all of them."""
SCHEMA_VERSION: Final = len(STEPS)
