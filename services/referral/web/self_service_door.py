"""How a person comes in: by her own link, which only shows a button until she presses it.

Looking at a link - by her, by a mail scanner, by a preview - changes nothing. Pressing the button uses it up and begins
a short session for one person and one purpose. Whoever stands before a spent link may ask for a new one; it goes to the
address she once gave and nowhere else, and the page says the same whatever comes of it.
"""

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import PersonLinkPurpose
from services.chassis.access import Caller, Kind, current_caller, person, public
from services.chassis.errors import ForbiddenError, NotFoundError
from services.chassis.i18n import COOKIE, for_persons, prefer
from services.chassis.room import caller_address, count_refusal, room
from services.chassis.sessions import Session
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import person_links as links
from services.referral.link_tokens import Token
from services.referral.store import person_links
from services.referral.store.person_links import PersonLink
from services.referral.store.referrals import person_actor
from services.referral.web.callers import house
from services.referral.web.limits import expect_patience, limits

#: Where each purpose leads.
ROOMS = {
    PersonLinkPurpose.SELF_SERVICE: "/referral/my/",
    PersonLinkPurpose.CONSENT: "/referral/my/consent",
    PersonLinkPurpose.INVITATION: "/referral/my/invitation",
}


def read(token: str) -> tuple[Token, PersonLink]:
    """The link behind a genuine token; a forged one and one nobody knows any more look the same."""
    found = house().keys.person_links.read(token)
    try:
        with room().unit.db.read() as connection:
            link = person_links.load(connection, found.id)
    except NotFoundError as error:
        raise ForbiddenError(links.INVALID) from error
    prefer(request, link.language)
    return found, link


@public
@for_persons
def show_link(token: str) -> Response:
    """One button and nothing else."""
    try:
        found, link = read(token)
    except ForbiddenError as refused:
        return refusal(token, refused)
    closed = links.why_closed(house().keys, found, link, room().unit.clock.now())
    return page(token, closed=closed, asked=request.args.get("asked") == "1")


def page(token: str, *, closed: str | None = None, asked: bool = False, status: int = 200) -> Response:
    body = render_template("referral/my/enter.html", token=token, closed=closed, asked=asked)
    return Response(body, status, mimetype="text/html", headers={"X-Robots-Tag": "noindex"})


def refusal(token: str, refused: ForbiddenError) -> Response:
    """The refusal every door gives and counts, in her language, on the page where she can ask for a new link."""
    count_refusal(refused)
    g.slug = refused.slug
    return page("" if refused.slug == links.INVALID else token, closed=refused.slug, status=403)


@public
@for_persons
def enter(token: str) -> Response:
    """Use the link up, begin the session, say so: one transaction; only then the cookie."""
    expect_patience(limits().per_address, caller_address())
    expect_patience(limits().per_link, token)
    try:
        found, link = read(token)
        former = room().sessions.find_person(request)
        with room().unit.work(
            actor=actor_of(link), correlation_id=g.correlation_id, traceparent=g.trace.header
        ) as work:
            session = begin_session(work, found)
            room().sessions.end(work.tx, former.caller.session_id if former else None)
    except ForbiddenError as refused:
        return refusal(token, refused)
    answer = redirect(ROOMS[link.purpose], 303)
    room().sessions.put_cookie(answer, session)
    # From here on everything, refusals too, is in the language this page was in.
    answer.set_cookie(COOKIE, g.language, samesite="Lax", httponly=True, secure=room().settings.secure_cookies)
    return answer


@public
@for_persons
def renew(token: str) -> Response:
    """Ask for a new link in place of a spent one. The answer is the same whatever comes of it."""
    expect_patience(limits().per_address, caller_address())
    expect_patience(limits().per_link, token)
    try:
        _, link = read(token)
    except ForbiddenError as refused:
        return refusal(token, refused)
    with room().unit.work(actor=actor_of(link), correlation_id=g.correlation_id, traceparent=g.trace.header) as work:
        links.renew(work, house().keys, link.id)
    return redirect(f"/referral/my/enter/{token}?asked=1", 303)


@public
@for_persons
def ask_code() -> str:
    """For whoever cannot photograph the picture: the code below it, typed."""
    return render_template("referral/my/code.html", wrong=False)


@public
@for_persons
def take_code() -> Response:
    """A code leads to its link, and there to the button. Wrong ones are counted, all together too.

    Once there were too many of those no code is looked up, or a right one guessed by then would still open.
    """
    expect_patience(limits().per_address, caller_address())
    expect_patience(limits().wrong_codes, "", attempts=0)
    tokens = house().keys.person_links
    with room().unit.db.read() as connection:
        link = person_links.by_code(connection, tokens.code_digests(request.form.get("code", "")))
    if link is not None and not link.is_spent and link.expires_at > room().unit.clock.now():
        return redirect(f"/referral/my/enter/{tokens.sign(links.token_of(link))}", 303)
    expect_patience(limits().wrong_codes, "")
    count_refusal(ForbiddenError("person-link.code-wrong"))
    g.slug = "person-link.code-wrong"
    return Response(render_template("referral/my/code.html", wrong=True), 403, mimetype="text/html")


def actor_of(link: PersonLink) -> str:
    return person_actor(link.person_id).actor


def begin_session(work: Work, found: Token) -> Session:
    link = links.use(work, house().keys, found)
    session_id = work.new_id()
    caller = Caller(
        Kind.PERSON, actor_of(link), only=link.id, purpose=link.purpose, session_id=session_id, by_session=True
    )
    return room().sessions.begin(work.tx, caller, session_id)


def her_link(work: Work) -> PersonLink:
    """The link this session came by: it says whose page this is."""
    only = current_caller().only
    assert only is not None, "a person's session always has its link"
    link = links.hers(work, only)
    prefer(request, link.language)
    return link


@person()
@for_persons
def sign_out() -> Response:
    """End the session; what was on the screen is not in the browser's memory (no-store)."""
    caller = current_caller()
    with request_work() as work:
        link = her_link(work)
        assert caller.session_id is not None
        room().sessions.end(work.tx, caller.session_id)
    answer = redirect(f"/referral/my/signed-out?lang={link.language}", 303)
    room().sessions.take_person_cookie(answer)
    return answer


@public
@for_persons
def signed_out() -> str:
    return render_template("referral/my/signed_out.html")
