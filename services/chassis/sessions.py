"""Sessions of people in browsers: rows in the database, found by the hash of what the cookie holds, ended by a mark.

A session dies when it was idle too long, when its day is over, or when it is revoked - whichever comes first. Each
sign-in makes a new one; nothing is carried over from before. Every form carries the session's own CSRF token.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Request, g
from werkzeug.wrappers import Response

from contracts.codes import Site, StaffRole
from services.chassis.access import Caller, ExpiredFormError, Kind
from services.chassis.clock import Clock
from services.chassis.config import Settings
from services.chassis.db import Connection, Database

#: The last look is written at most this often, so that reading a page is not a write.
SEEN_EVERY = timedelta(minutes=1)
#: What a page asks for by itself keeps nobody signed in: it carries this header.
BACKGROUND = "X-Background"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "csrf_token"
COLUMNS = (
    "session_id, csrf, kind, actor, roles, role, site, employer, organization_id, unit, only_subject, purpose, seen_at,"
    " authenticated_at, acr, began_at, ends_at"
)
#: Persons have their pages below one path, and a session of their own there, beside that of staff in the same browser.
PERSONS_ROOM = "my"

INSERT = """
INSERT INTO web_sessions (session_id, token_sha256, csrf, kind, actor, roles, role, site, employer, organization_id,
                          unit, only_subject, purpose, began_at, seen_at, ends_at, authenticated_at, acr,
                          issuer_session)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
#: What can let nobody in any more is not kept; that it was there is in the log.
FORGET = """
WITH links AS (DELETE FROM used_tokens WHERE expires_at < %s - interval '1 day')
DELETE FROM web_sessions WHERE ends_at < %s - interval '1 day'"""
#: Those of one member of staff, those that began with one session at the issuer, one of them, those of one site.
MEANT = """
kind = 'staff' AND revoked_at IS NULL AND ends_at > %(now)s AND seen_at > %(since)s
 AND num_nonnulls(%(actor)s::text, %(issuer_session)s::bytea) > 0
 AND (%(actor)s::text IS NULL OR actor = %(actor)s)
 AND (%(issuer_session)s::bytea IS NULL OR issuer_session = %(issuer_session)s)
 AND (%(session_id)s::uuid IS NULL OR session_id = %(session_id)s)
 AND (%(site)s::text IS NULL OR site = %(site)s)"""
LIVING = f"SELECT session_id, began_at, seen_at, role, site FROM web_sessions WHERE {MEANT} ORDER BY seen_at DESC"  # noqa: S608 - the text above
END_THEM = f"UPDATE web_sessions SET revoked_at = %(now)s WHERE {MEANT} RETURNING session_id"  # noqa: S608
END = "UPDATE web_sessions SET revoked_at = %s WHERE session_id = %s AND revoked_at IS NULL"
#: Whoever asks to stay is given as long as she may be idle, over the end of her day too, but not without end
#: (WCAG 2.2.1: a time can be put off at least ten times, or is longer than twenty hours).
STAY = """
UPDATE web_sessions SET ends_at = greatest(ends_at, least(%(until)s, began_at + %(most)s))
 WHERE session_id = %(session_id)s AND ends_at >= began_at + %(longest)s RETURNING ends_at"""
LONGEST_STAY = timedelta(hours=24)
TIMES_PERSON = 10
TOUCH = "UPDATE web_sessions SET seen_at = %s WHERE session_id = %s"


@dataclass(frozen=True, slots=True)
class Session:
    """A living session: who it stands for and the token its forms must carry."""

    caller: Caller
    csrf: str
    token: str
    #: When it ends unless something is opened before; and whether that would not help any more.
    ends_at: datetime | None = None
    is_last: bool = False


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def cookie_name(service: str) -> str:
    return f"lotsennetz_{service}"


def person_cookie_name(service: str) -> str:
    return f"lotsennetz_{service}_person"


def persons_room(service: str) -> str:
    return f"/{service}/{PERSONS_ROOM}"


class Sessions:
    """Begin, find and end sessions of one service."""

    def __init__(self, db: Database, clock: Clock, settings: Settings) -> None:
        self.db = db
        self.clock = clock
        self.service = settings.service
        self.idle = timedelta(minutes=settings.session_idle_minutes)
        self.longest = timedelta(hours=settings.session_hours)
        self.idle_person = timedelta(minutes=settings.person_idle_minutes)
        self.longest_person = timedelta(minutes=settings.person_session_minutes)
        self.secure = settings.secure_cookies

    def begin(
        self,
        tx: Connection,
        caller: Caller,
        session_id: UUID,
        ends_at: datetime | None = None,
        issuer_session: str | None = None,
    ) -> Session:
        """A new session inside the caller's transaction; its token exists only in the answer's cookie."""
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), self.clock.now()
        latest = now + self._limits(caller)[0]
        row = (
            *(session_id, hash_of(token), csrf, caller.kind.value, caller.actor, sorted(caller.roles)),
            *(caller.role, caller.site, caller.employer, caller.organization_id, caller.unit, caller.only),
            *(caller.purpose, now, now, min(ends_at or latest, latest)),
            *(caller.authenticated_at, caller.acr, hash_of(issuer_session) if issuer_session else None),
        )
        tx.execute(FORGET, (now, now))
        tx.execute(INSERT, row)
        return Session(caller, csrf, token)

    def find(self, request: Request) -> Session | None:
        """The living session of the request's cookie."""
        by_hand = BACKGROUND not in request.headers
        return self._living(request.cookies.get(cookie_name(self.service)), self.idle, is_seen=by_hand)

    def find_person(self, request: Request) -> Session | None:
        """The living session of a person's own cookie: shorter, and never mistaken for another kind."""
        found = self._living(request.cookies.get(person_cookie_name(self.service)), self.idle_person)
        return found if found is not None and found.caller.kind is Kind.PERSON else None

    def _living(self, token: str | None, idle: timedelta, *, is_seen: bool = True) -> Session | None:
        if not token:
            return None
        now = self.clock.now()
        with self.db.session() as connection:
            row = connection.execute(
                f"SELECT {COLUMNS} FROM web_sessions WHERE token_sha256 = %s AND revoked_at IS NULL"  # noqa: S608
                " AND ends_at > %s AND seen_at > %s",
                (hash_of(token), now, now - idle),
            ).fetchone()
            if row is None:
                return None
            seen_at = row["seen_at"]
            if is_seen and now - seen_at > SEEN_EVERY:
                seen_at = now
                connection.execute(TOUCH, (now, row["session_id"]))
        caller = caller_of(row)
        longest, most = self._limits(caller)
        can_stay = longest <= row["ends_at"] - row["began_at"] < most
        ends_at = min(row["ends_at"], seen_at + idle)
        return Session(caller, row["csrf"], token, ends_at, ends_at == row["ends_at"] and not can_stay)

    def stay(self, session: Session) -> datetime:
        """Put the end off as far as that goes; when it is now."""
        longest, most = self._limits(session.caller)
        until = self.clock.now() + (self.idle_person if session.caller.kind is Kind.PERSON else self.idle)
        asked = {"until": until, "longest": longest, "most": most, "session_id": session.caller.session_id}
        with self.db.transaction() as tx:
            row = tx.execute(STAY, asked).fetchone()
        return min(until, row["ends_at"]) if row else session.ends_at or until

    def _limits(self, caller: Caller) -> tuple[timedelta, timedelta]:
        """How long a session lasts at most: without a word, and when she asks to stay."""
        is_person = caller.kind is Kind.PERSON
        longest = self.longest_person if is_person else self.longest
        return longest, max(longest, TIMES_PERSON * longest if is_person else LONGEST_STAY)

    def end(self, tx: Connection, session_id: UUID | None) -> None:
        tx.execute(END, (self.clock.now(), session_id))

    def living(self, connection: Connection, actor: str) -> list[dict[str, Any]]:
        """Where a member of staff is signed in, last used first; no device, no address: none is kept."""
        return connection.execute(LIVING, self._meant(actor=actor)).fetchall()

    def end_all(self, tx: Connection, **meant: Any) -> list[UUID]:
        """End the living sessions of an actor, or of a session at the issuer (or of both); which ones it were."""
        return [row["session_id"] for row in tx.execute(END_THEM, self._meant(**meant))]

    def _meant(
        self,
        *,
        actor: str | None = None,
        issuer_session: str | None = None,
        session_id: UUID | None = None,
        site: Site | None = None,
    ) -> dict[str, Any]:
        now = self.clock.now()
        begun_with = hash_of(issuer_session) if issuer_session else None
        which = {"actor": actor, "issuer_session": begun_with, "session_id": session_id, "site": site}
        return {**which, "now": now, "since": now - self.idle}

    def put_cookie(self, response: Response, session: Session) -> None:
        """HttpOnly, bound to this service's paths, gone with the browser; Lax because sign-in comes from the issuer."""
        is_person = session.caller.kind is Kind.PERSON
        response.set_cookie(
            person_cookie_name(self.service) if is_person else cookie_name(self.service),
            session.token,
            path=persons_room(self.service) if is_person else f"/{self.service}",
            secure=self.secure,
            httponly=True,
            samesite="Strict" if is_person else "Lax",
        )

    def take_cookie(self, response: Response) -> None:
        response.delete_cookie(cookie_name(self.service), path=f"/{self.service}")

    def take_person_cookie(self, response: Response) -> None:
        response.delete_cookie(person_cookie_name(self.service), path=persons_room(self.service))


def caller_of(row: Mapping[str, Any]) -> Caller:
    return Caller(
        Kind(row["kind"]),
        row["actor"],
        roles=frozenset(StaffRole(role) for role in row["roles"]),
        role=StaffRole(row["role"]) if row["role"] else None,
        site=Site(row["site"]) if row["site"] else None,
        employer=row["employer"],
        organization_id=row["organization_id"],
        unit=row["unit"],
        only=row["only_subject"],
        purpose=row["purpose"],
        authenticated_at=row["authenticated_at"],
        acr=row["acr"],
        session_id=row["session_id"],
        by_session=True,
    )


def check_csrf(request: Request, session: Session) -> None:
    """A form that changes something carries the token of the session it was made for."""
    if request.method in SAFE_METHODS:
        return
    given = request.form.get(CSRF_FIELD) or request.headers.get("X-CSRF-Token", "")
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise ExpiredFormError("auth.form-expired")


def csrf_token() -> str:
    """For templates: the token of the session that reads this page."""
    session = g.get("session")
    return session.csrf if isinstance(session, Session) else ""
