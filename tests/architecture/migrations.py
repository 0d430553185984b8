"""What in a migration would trip the version before it, which still runs while roles are restarted one by one.

First something is added, then code begins to use it, and only the version after that takes the old away. A statement
here is one that takes away, renames or tightens what was there before: its own new tables are its own affair.
"""

import re
from collections.abc import Iterator

COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
NAME = r'(?:IF (?:NOT )?EXISTS )?(?:ONLY )?"?(?:public\.)?([\w.]+)"?'
CREATED = re.compile(rf"CREATE (?:UNLOGGED )?TABLE {NAME}", re.IGNORECASE)
ALTERED = re.compile(rf"ALTER TABLE {NAME}\s+(.*)", re.IGNORECASE | re.DOTALL)
UNIQUE = re.compile(rf"CREATE UNIQUE INDEX (?:CONCURRENTLY )?{NAME} ON (?:ONLY )?([\w.]+)", re.IGNORECASE)
DROPPED = re.compile(rf"DROP (TABLE|VIEW|MATERIALIZED VIEW|FUNCTION|TYPE|SCHEMA|SEQUENCE) {NAME}", re.IGNORECASE)
#: One change of ALTER TABLE, and what it does to who does not know of it.
CHANGES = (
    (re.compile(r"DROP COLUMN (?:IF EXISTS )?(\w+)", re.IGNORECASE), "takes column {} away"),
    (re.compile(r"RENAME (?:COLUMN |CONSTRAINT )?(?:(\w+) )?TO", re.IGNORECASE), "renames {}"),
    (re.compile(r"ALTER (?:COLUMN )?(\w+) (?:SET DATA )?TYPE", re.IGNORECASE), "changes the type of {}"),
    (re.compile(r"ALTER (?:COLUMN )?(\w+) SET NOT NULL", re.IGNORECASE), "demands {}, which may have been left out"),
    (re.compile(r"ALTER (?:COLUMN )?(\w+) DROP DEFAULT", re.IGNORECASE), "demands {}, which may have been left out"),
)
RULE = r"(?:CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)\b"
ADDED = re.compile(
    rf"ADD (?:COLUMN )?(?:IF NOT EXISTS )?(?!CONSTRAINT\b|{RULE})(\w+)\s+([^,]*(?:\([^)]*\)[^,]*)*)", re.IGNORECASE
)
NARROWED = re.compile(rf"ADD (?:CONSTRAINT )?({RULE}|(?<=CONSTRAINT )\w+)", re.IGNORECASE)
LOOSENED = re.compile(r"DROP CONSTRAINT (?:IF EXISTS )?(\w+)", re.IGNORECASE)


def statements(sql: str) -> Iterator[str]:
    """Each by itself, without comments and without the insides of functions."""
    bare = BODY.sub("$$", COMMENT.sub("", sql))
    yield from (" ".join(one.split()) for one in bare.split(";") if one.strip())


def trips(sql: str) -> list[str]:
    """In words, what of it the version before would stumble over."""
    every = list(statements(sql))
    own = {found[1] for one in every if (found := CREATED.match(one))}
    loosened = {name for one in every for name in LOOSENED.findall(one)}
    return [trip for one in every for trip in _of(one, own, loosened)]


def _of(statement: str, own: set[str], loosened: set[str]) -> Iterator[str]:
    if (found := DROPPED.match(statement)) and found[2] not in own:
        yield f"takes {found[1].lower()} {found[2]} away"
    if (found := UNIQUE.match(statement)) and found[2] not in own:
        yield f"refuses in {found[2]} what {found[1]} would find twice"
    if (found := ALTERED.match(statement)) and found[1] not in own:
        yield from (f"{found[1]}: {trip}" for trip in _of_table(found[2], loosened))


def _of_table(changes: str, loosened: set[str]) -> Iterator[str]:
    for pattern, words in CHANGES:
        yield from (words.format(name or "the table") for name in pattern.findall(changes))
    for name, rest in ADDED.findall(changes):
        if "NOT NULL" in rest.upper() and not re.search(r"\b(DEFAULT|GENERATED)\b", rest, re.IGNORECASE):
            yield f"demands {name}, which nobody gives yet"
    # one that takes the place of another of its name is wider, as a rule: it knows new words
    yield from (f"narrows by {name}" for name in NARROWED.findall(changes) if name not in loosened)
