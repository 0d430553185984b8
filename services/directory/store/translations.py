"""That somebody found a translation still fitting: write SQL."""

from uuid import UUID

from services.chassis.work import Work


def keep_check(work: Work, kind: str, name: UUID, field: str, language: str, german_sha256: str) -> None:
    work.tx.execute(
        """
        INSERT INTO translations_checked (kind, id, field, language, german_sha256, checked_by, checked_at)
        VALUES (%(kind)s, %(id)s, %(field)s, %(language)s, %(print)s, %(actor)s, %(now)s)
        ON CONFLICT (kind, id, field, language) DO UPDATE SET german_sha256 = EXCLUDED.german_sha256,
            checked_by = EXCLUDED.checked_by, checked_at = EXCLUDED.checked_at""",
        {
            "kind": kind,
            "id": name,
            "field": field,
            "language": language,
            "print": german_sha256,
            "actor": work.actor,
            "now": work.now,
        },
    )
