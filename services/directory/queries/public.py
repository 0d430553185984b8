"""What the public site reads: services for a matter in a place, one service with all that is known of it, places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from services.chassis.db import Connection

Json = dict[str, Any]
PER_PAGE = 20
#: Services a sitemap names in one file, each in every language; the protocol allows 50,000 addresses.
PER_SITEMAP = 5_000

#: Shorter words are like everything.
LONG_ENOUGH = 4
#: The dictionary that knows the forms of a language's words.
DICTIONARIES = {"de": "german", "de-simple": "german", "en": "english", "ar": "arabic", "tr": "turkish", "fr": "french"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader looks for; what is not given lets everything pass."""

    topics: Sequence[str] = ()
    audience: str | None = None
    #: The official keys that cover the place: its own, those it lies in, those that lie in it.
    areas: Sequence[str] | None = None
    spoken: str | None = None
    words: Sequence[str] = ()
    #: The topics the words speak of.
    meant: Sequence[str] = ()
    language: str = "de"
    page: int = 1

    @property
    def params(self) -> Json:
        return {
            "topics": list(self.topics),
            "audience": self.audience,
            "areas": None if self.areas is None else list(self.areas),
            "spoken": self.spoken,
            "long_words": [word for word in self.words if len(word) >= LONG_ENOUGH],
            "any_word": " or ".join(self.words),
            "meant": list(self.meant),
            "dictionary": DICTIONARIES.get(self.language, "simple"),
            "limit": PER_PAGE,
            "offset": (self.page - 1) * PER_PAGE,
        }


#: One row per way in which a service is found; each way has an index of its own.
HITS: LiteralString = """
    WITH asked AS (SELECT websearch_to_tsquery('german', %(any_word)s)
        || websearch_to_tsquery(%(dictionary)s::regconfig, %(any_word)s) AS query),
    hits (id, score) AS (
        SELECT s.id, 2 FROM services s WHERE s.document -> 'topics' ?| %(meant)s
        UNION ALL
        SELECT s.id, 0.5 + ts_rank(s.found_by, asked.query) FROM asked JOIN services s ON s.found_by @@ asked.query
        UNION ALL
        SELECT s.id, word_similarity(typed.word, s.names) / 2
            FROM unnest(%(long_words)s::text[]) AS typed (word) JOIN services s ON typed.word <% s.names
        UNION ALL
        SELECT s.id, 0.25 FROM asked JOIN organizations o ON o.found_by @@ asked.query
            JOIN services s ON s.organization_id = o.id
        UNION ALL
        SELECT s.id, word_similarity(typed.word, o.names) / 4 FROM unnest(%(long_words)s::text[]) AS typed (word)
            JOIN organizations o ON typed.word <% o.names JOIN services s ON s.organization_id = o.id),
    scored AS (SELECT id, sum(score) AS score FROM hits GROUP BY id),""".replace("<%", "<%%")

#: Without words nothing is scored.
UNSCORED: LiteralString = "WITH scored AS (SELECT id, 0 AS score FROM services),"

#: Existing bodies before our own measure, however well it fits; then by language and words, whoever serves just this
#: place before whoever serves the state, and by role.
#: Ranked by few and short columns; the documents are fetched for one page of them.
FOUND: LiteralString = """
    fitting AS (
        SELECT s.id, scored.score, s.document ->> 'role' AS role, s.document -> 'name' ->> 'de' AS name,
            coalesce((s.document -> 'own_measure')::boolean, false) AS own_measure,
            CASE WHEN %(areas)s::text[] IS NOT NULL THEN
                (SELECT max(length(key)) FROM jsonb_array_elements_text(s.document -> 'areas') AS covered (key)
                    WHERE key = ANY(%(areas)s)) END AS nearness,
            CASE WHEN %(spoken)s::text IS NULL THEN 0
                WHEN s.document -> 'languages' @> jsonb_build_array(jsonb_build_object('code', %(spoken)s::text)) THEN 0
                WHEN (s.document -> 'interpreters')::boolean THEN 1
                WHEN s.document -> 'languages' IS NULL THEN 2 ELSE 3 END AS spoken_rank
        FROM scored JOIN services s USING (id)
        WHERE s.status IN ('active', 'temporarily closed')
          AND (%(topics)s::text[] = '{}' OR s.document -> 'topics' ?| %(topics)s)
          AND (%(areas)s::text[] IS NULL OR s.document -> 'areas' ?| %(areas)s)
          AND (%(audience)s::text IS NULL OR s.document ->> 'audience' IN (%(audience)s, 'both'))),
    ranked AS (
        SELECT id, spoken_rank, count(*) OVER () AS total, row_number() OVER (
            ORDER BY own_measure, spoken_rank, floor(score) DESC, nearness DESC NULLS LAST,
                array_position(ARRAY['decides', 'advises', 'accompanies', 'funds'], role), score DESC, name, id)
            AS number
        FROM fitting ORDER BY number LIMIT %(limit)s OFFSET %(offset)s)
    SELECT s.id, s.document || coalesce(r.document, '{}') AS document, o.document AS organization, ranked.total,
        ranked.spoken_rank,
        ARRAY(SELECT a.document FROM areas a WHERE s.document -> 'areas' ? a.id
            AND (%(areas)s::text[] IS NULL OR a.id = ANY(%(areas)s)) ORDER BY length(a.id) DESC, a.id) AS areas
    FROM ranked JOIN services s USING (id) JOIN organizations o ON o.id = s.organization_id
    LEFT JOIN reports r ON r.service_id = s.id ORDER BY ranked.number"""

ENTRY: LiteralString = """
    SELECT s.document || coalesce(r.document, '{}') AS document, s.changed_at, o.document AS organization,
        ARRAY(SELECT a.document FROM areas a WHERE s.document -> 'areas' ? a.id ORDER BY a.id) AS areas,
        ARRAY(SELECT jsonb_build_array(p.document, l.document) FROM service_at_locations p
              JOIN locations l ON l.id = p.location_id WHERE p.service_id = s.id ORDER BY p.id) AS places,
        ARRAY(SELECT c.document FROM sources c WHERE s.document -> 'sources' ? c.id ORDER BY c.id) AS sources,
        ARRAY(SELECT b.document || jsonb_build_object('organization', bo.document -> 'name') FROM services b
              JOIN organizations bo ON bo.id = b.organization_id
              WHERE s.document -> 'better_bodies' ? b.id::text AND b.status IN ('active', 'temporarily closed')
              ORDER BY b.id) AS better_bodies,
        ARRAY(SELECT c.document FROM competences c WHERE c.organization_id = s.organization_id
              AND c.document ->> 'service_id' = s.id::text ORDER BY c.leika_key, c.id) AS competences
    FROM services s JOIN organizations o ON o.id = s.organization_id LEFT JOIN reports r ON r.service_id = s.id
    WHERE s.slug = %(name)s OR s.id = %(id)s"""


def found(connection: Connection, wanted: Wanted) -> list[Json]:
    """A page of services, the fittest first; each row says how many there are in all."""
    scored = HITS if wanted.words else UNSCORED
    return connection.execute(f"{scored} {FOUND}", wanted.params).fetchall()


def entry(connection: Connection, name: str) -> Json | None:
    """One service by its slug or id, with its body, areas, places, sources and the bodies that may fit better."""
    try:
        service_id = UUID(name)
    except ValueError:
        service_id = None
    return connection.execute(ENTRY, {"name": name, "id": service_id}).fetchone()


def last_change(connection: Connection) -> int:
    """The number of the newest state any object has; another one means that something changed."""
    row = connection.execute("SELECT coalesce(max(number), 0) AS number FROM object_history").fetchone()
    return int(row["number"]) if row else 0


def areas(connection: Connection) -> list[Json]:
    """Every area with its name and the postal codes known in it, the largest first."""
    return connection.execute(
        """
        WITH known (city, postal_codes) AS (
            SELECT address ->> 'city', array_agg(DISTINCT address ->> 'postal_code')
            FROM locations l, jsonb_array_elements(l.document -> 'addresses') AS address GROUP BY 1)
        SELECT a.id, a.document, coalesce(known.postal_codes, '{}') AS postal_codes
        FROM areas a LEFT JOIN known ON known.city = a.document -> 'name' ->> 'de'
        ORDER BY length(a.id), a.document -> 'name' ->> 'de'"""
    ).fetchall()


def spoken(connection: Connection) -> list[str]:
    """The languages somebody is known to speak."""
    rows = connection.execute(
        """
        SELECT DISTINCT spoken ->> 'code' AS code
        FROM services s, jsonb_array_elements(s.document -> 'languages') AS spoken
        WHERE s.status IN ('active', 'temporarily closed') ORDER BY 1"""
    ).fetchall()
    return [row["code"] for row in rows]


def sitemap(connection: Connection, page: int) -> list[tuple[str, datetime]]:
    """The names of services of one sitemap file, and when they changed last."""
    rows = connection.execute(
        """
        SELECT coalesce(s.slug, s.id::text) AS name, s.changed_at FROM services s
        WHERE s.status IN ('active', 'temporarily closed') ORDER BY s.id LIMIT %s OFFSET %s""",
        (PER_SITEMAP, (page - 1) * PER_SITEMAP),
    ).fetchall()
    return [(row["name"], row["changed_at"]) for row in rows]


def open_services(connection: Connection) -> int:
    """How many services the site shows."""
    row = connection.execute(
        "SELECT count(*) AS n FROM services WHERE status IN ('active', 'temporarily closed')"
    ).fetchone()
    return int(row["n"]) if row else 0
