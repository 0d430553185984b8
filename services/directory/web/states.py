"""Whether a service is offered: published, closed for a while, at rest, ended. It is never removed.

What is offered no more is told to the network: nobody is referred there any longer, and for each open referral somebody
gets a task. So ending says why, and says before what follows.
"""

from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from services.chassis.errors import InvalidError, StaleError
from services.chassis.pages import label
from services.chassis.web import request_work, room
from services.directory import store
from services.directory.commands import editing
from services.directory.commands.editing import Wish
from services.directory.domain.objects import RETIRED_STATUSES, STATUSES, Kind
from services.directory.queries import objects as queries
from services.directory.web import objects, words
from services.directory.web.form import in_words
from services.directory.web.objects import PAGE, editors

Answer = str | tuple[str, int] | Response

blueprint = APIBlueprint(
    "directory_states", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: a state, why, and the number of the state that was looked at."""

    status: str = ""
    why: str = ""
    seen: int = -1

    @property
    def lacks_reason(self) -> bool:
        return self.status in RETIRED_STATUSES and not self.why


@blueprint.get("/service/<name>/state")
@editors
def show(name: str) -> str:
    """The state it is in, and those it may be in."""
    return _page(name, Asked(), {})


@blueprint.post("/service/<name>/state")
@editors
def change(name: str) -> Answer:
    """Another state, with its reason; what is wrong with the entry itself is named and leads to its form."""
    asked = _asked()
    if asked.status not in STATUSES or asked.lacks_reason:
        return _page(name, asked, {"why": "slug:reason-needed"} if asked.lacks_reason else {}), 422
    try:
        with request_work() as work:
            held = queries.one(work.tx, Kind.SERVICE, objects.object_id(Kind.SERVICE, name))
            wish = Wish(Kind.SERVICE, {**held, "status": asked.status}, asked.seen, asked.why or None)
            editing.save(work, wish)
    except InvalidError as error:
        return _page(name, asked, error.fields), 422
    except StaleError:
        return _page(name, asked, {"": "slug:directory.object-changed"}), 412
    return redirect(f"{words.address(Kind.SERVICE, held['id'])}?done=1", 303)


def _asked() -> Asked:
    return Asked(
        request.form.get("status", ""),
        request.form.get("why", "").replace("\0", "").strip()[:1000],
        objects.state_number(request.form.get("_seen", "")),
    )


def _page(name: str, asked: Asked, problems: dict[str, Any]) -> str:
    with room().unit.db.read() as connection:
        document = objects.visible(connection, Kind.SERVICE, name)
        seen = store.last_number(connection, Kind.SERVICE, document["id"])
    now = document["status"]
    return render_template(
        "directory/object/state.html",
        name=words.words_in(document["name"]),
        href=words.address(Kind.SERVICE, document["id"]),
        now=now,
        retired=now in RETIRED_STATUSES,
        choices=[(one, words.code_word(one), one in RETIRED_STATUSES) for one in STATUSES if one != now],
        asked=asked,
        seen=seen,
        problems=[(words.field_word([field]) if field else "", _said(told)) for field, told in problems.items()],
    )


def _said(told: str) -> str:
    return label(told) if told.startswith("slug:") else in_words(told)
