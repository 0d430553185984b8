"""Who may open what names a person: every place in referral is on this list, with what makes it right there.

A new place fails this test until somebody has written down why it may: a view fact, or a decision of the consent
engine, committed before anything is shown; or nothing of it leaves the room.
"""

import ast
from pathlib import Path

import pytest

REFERRAL = Path(__file__).resolve().parents[2] / "services" / "referral"
#: What opens a record, a key, a paper, a partner's words or a sealed dossier, or cuts a record to size.
OPENERS = frozenset(
    {
        "record_of",
        "key_of",
        "person_key",
        "open_record",
        "open_with",
        "open_comment",
        "open_one",
        "custodial_private",
        "select",
        "open",
    }
)
#: The rooms in which these are made.
MAKERS = frozenset({"vault.py", "sealing.py", "store/persons.py", "store/dossiers.py", "store/documents.py"})

VIEW = "a view fact is committed before anything is shown"
DECISION = "the consent engine decides first, and its answer is committed"
STAYS = "nothing of it is shown or leaves"
ALLOWED = {
    "commands/disclosing.py": DECISION,  # the only place that seals a dossier
    "commands/partners.py": DECISION,  # hands out or prints after it; partners' words go under the person's key
    "domain/dossier.py": DECISION,  # cuts the record to what one ground carries
    "web/desk.py": DECISION,  # a unit's page opens what was just handed out
    "web/case_view.py": VIEW,
    "web/appointments.py": VIEW,  # a file for the calendar notes the same look as the page
    "web/api_enquiries.py": VIEW,
    "commands/appointing.py": VIEW,
    "store/appointments.py": VIEW,  # a part of it
    "commands/helping.py": VIEW,  # how somebody is addressed, for whoever comes along to one appointment
    "store/companions.py": VIEW,  # a part of it
    "web/api_helpers.py": VIEW,
    "store/clashes.py": STAYS,  # times are compared; told is that two overlap
    "commands/documents.py": VIEW,
    "commands/external_disclosures.py": VIEW,
    "commands/handing_over.py": VIEW,  # names of those who work at the lead's own desk
    "commands/resolutions.py": VIEW,  # the occasion for the second person; the name, once, for whoever asked
    "commands/household.py": VIEW,
    "commands/obstacles.py": VIEW,  # words on what stood in the way; recording compares them with those of the case
    "commands/notes.py": VIEW,  # what was said, for the desk that goes on with it
    "commands/plan.py": VIEW,  # her plan, for the desk, on paper and on her own page
    "commands/holds.py": VIEW,  # why somebody's data are held back, for the lead
    "store/holds.py": VIEW,  # a part of it
    "commands/breaches.py": VIEW,  # the lead's words on a breach, by themselves
    "web/api_household.py": VIEW,
    "web/company_requests.py": VIEW,  # a company's confirmation shows the contact that goes along
    "web/rectification.py": VIEW,  # what is there, to be written over
    "web/whose.py": VIEW,  # names to choose from
    "web/consent_drafts.py": VIEW,  # the form to sign shows her name
    "web/contact_cards.py": VIEW,  # which of her languages a card is printed in
    "commands/enclosing.py": DECISION,  # one paper, handed out after it
    "queries/subject_access.py": VIEW,  # the person's own copy (GDPR Art. 15), shown or printed by staff
    "queries/recorded.py": VIEW,  # a part of it
    "commands/referrals.py": STAYS,  # what is missing, told by category; answers go under the person's key
    "commands/records.py": STAYS,  # the old record goes into the new one
    "commands/preparing.py": STAYS,  # is she of age; names on a form lie under her key
    "commands/signing.py": STAYS,
    "commands/person_links.py": STAYS,  # where a letter to herself goes
    "commands/duplicates.py": STAYS,  # keyed codes are made of it
    "commands/enterprise.py": STAYS,  # is there a contact at all
    "commands/intake.py": STAYS,  # what somebody is typing goes back to herself alone
    "commands/staff_names.py": STAYS,  # is a staff member's name still the one that is kept
    "store/marks.py": STAYS,  # keyed codes of those in care
    "store/enclosures.py": STAYS,  # the record with its papers, for the one place that seals
    "store/drafts.py": STAYS,
    "store/matchings.py": STAYS,  # rules run where the record is; told are services, and why they fit
}


def openings(path: Path) -> set[str]:
    """The openers a module calls, by whatever name they were imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    renamed = {
        alias.asname: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and alias.name in OPENERS
    }
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    called = {_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and not _is_a_file(node.func)}
    plain = {renamed.get(name, name) for name in called if name not in own or name == "record_of"}
    return plain & OPENERS


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _is_a_file(function: ast.expr) -> bool:
    """`open` as a built-in or of the system is another matter."""
    if isinstance(function, ast.Attribute):
        return function.attr == "open" and isinstance(function.value, ast.Name) and function.value.id == "os"
    return isinstance(function, ast.Name) and function.id == "open"


def strangers(root: Path) -> dict[str, set[str]]:
    found = {str(path.relative_to(root)): openings(path) for path in root.rglob("*.py")}
    return {place: names for place, names in found.items() if names and place not in MAKERS and place not in ALLOWED}


def test_only_the_listed_places_open_what_names_a_person() -> None:
    assert strangers(REFERRAL) == {}


def test_every_place_on_the_list_is_one() -> None:
    idle = [place for place in ALLOWED if not (REFERRAL / place).exists() or not openings(REFERRAL / place)]
    assert idle == []


def test_only_one_place_seals_a_dossier() -> None:
    sealing = [
        str(path.relative_to(REFERRAL))
        for path in REFERRAL.rglob("*.py")
        if "sealing.seal(" in path.read_text(encoding="utf-8")
    ]
    assert sealing == ["commands/disclosing.py"]


@pytest.mark.parametrize(
    "planted",
    [
        "from services.referral.store import persons\npersons.record_of(c, v, p)\n",
        "from services.referral.store.persons import key_of as found\nfound(c, v, p)\n",
        "from services.referral.sealing import open_with\nopen_with(s, k)\n",
        "from contracts.partner.dossier import select\nselect(k, r, c)\n",
        "vault.person_key(p).open('persons/sealed', b'')\n",
    ],
)
def test_a_planted_opening_is_found(planted: str, tmp_path: Path) -> None:
    place = tmp_path / "web" / "planted.py"
    place.parent.mkdir()
    place.write_text(planted)
    assert set(strangers(tmp_path)) == {"web/planted.py"}
