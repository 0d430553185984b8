"""A file comes in as a whole or not at all, and the network hears exactly what changed."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from contracts.codes import BackLevel, ChannelKind
from contracts.directory import ImportApplied, OrganizationPublished, ServicePublished, ServiceRetired
from contracts.identity import id_of
from services.chassis.errors import InvalidError
from services.directory import queries
from services.directory.commands.applying import announce_everything
from services.directory.queries import entries
from tests.integration.directory.conftest import REGION, ROOT, Directory
from tests.unit.directory.rows import (
    a_directory,
    a_location,
    a_participation,
    a_report,
    a_service,
    an_area,
    an_organization,
    terms,
)


def test_a_file_is_taken_in_and_every_entry_announced_with_version_1(directory: Directory) -> None:
    report = directory.take_in(*a_directory())
    organization, service, applied = directory.said()
    assert report["rows"] == 8
    assert isinstance(organization, OrganizationPublished)
    assert (organization.organization_id, organization.version) == (id_of("organization", "a-chamber"), 1)
    assert organization.channel.kind is ChannelKind.AMQP
    assert organization.address == "Haus am Markt"
    assert isinstance(service, ServicePublished)
    assert (service.service_id, service.version) == (id_of("service", "a-recognition"), 1)
    assert service.terms.back_level is BackLevel.OUTCOME
    assert applied == ImportApplied(
        import_id=applied.import_id, organizations=1, services=1, unchanged=0, sha256=report["sha256"]
    )


def test_the_same_file_again_changes_nothing_and_says_only_that(directory: Directory) -> None:
    directory.take_in(*a_directory())
    report = directory.take_in(*a_directory())
    assert report["changes"] == []
    [applied] = directory.said()[3:]
    assert (applied.organizations, applied.services, applied.unchanged) == (0, 0, 8)
    assert directory.count("object_history") == 8


def test_only_the_changed_service_gets_a_new_version(directory: Directory) -> None:
    directory.take_in(*a_directory())
    report = directory.take_in(a_service(wait_time="zwei Wochen"))
    [change] = report["changes"]
    assert (change["effect"], change["fields"]) == ("changed", ["wait_time"])
    service, _ = directory.said()[3:]
    assert (service.service_id, service.version) == (id_of("service", "a-recognition"), 2)
    assert service.terms.answer_days == 3


def test_a_dry_run_says_what_would_happen_and_leaves_no_trace(directory: Directory) -> None:
    report = directory.take_in(*a_directory(), dry_run=True)
    assert report["dry_run"] is True
    assert report["counts"]["service"] == {"new": 1, "changed": 0, "unchanged": 0}
    assert directory.said() == []
    assert directory.count("organizations") == directory.count("imports") == 0


def test_one_wrong_row_keeps_the_whole_file_out(directory: Directory) -> None:
    rows = a_directory()
    rows[4] = a_service(topics=["ANERKENNUNG", "ZAUBEREI"])
    with pytest.raises(InvalidError) as refused:
        directory.take_in(*rows)
    assert list(refused.value.fields) == ["5:topics[1]"]
    assert refused.value.data["problems"][0]["line"] == 5
    assert directory.count("organizations") == 0
    assert directory.said() == []


def test_a_reference_to_nothing_keeps_the_whole_file_out(directory: Directory) -> None:
    rows = [row for row in a_directory() if row["object"] != "area"]
    with pytest.raises(InvalidError) as refused:
        directory.take_in(*rows)
    assert refused.value.fields == {"4:areas[0]": "a known area: one in the file or in the directory"}


def test_a_reference_may_name_what_is_already_there(directory: Directory) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_service(id="another", better_bodies=["a-recognition"]))
    assert directory.said()[3].better_bodies == (id_of("service", "a-recognition"),)


def test_a_newcomer_on_ground_the_directory_knows_as_occupied_has_to_say_why(directory: Directory) -> None:
    rows = a_directory()
    rows[4]["overlap_group"] = "RECOGNITION"
    directory.take_in(*rows)
    with pytest.raises(InvalidError) as refused:
        directory.take_in(a_service(id="newcomer", overlap_group="RECOGNITION"))
    assert list(refused.value.fields) == ["1:overlap_justification"]


def grounds(directory: Directory) -> None:
    """One service here, and one of the same group elsewhere."""
    elsewhere = a_service(id="elsewhere", overlap_group="RECOGNITION", areas=["05515"])
    area = an_area(id="05515", name={"de": "Münster"})
    directory.take_in(*a_directory(), a_service(id="here", overlap_group="RECOGNITION"), area, elsewhere)


@pytest.mark.parametrize(
    "changes", [{"areas": ["05515", "05334"]}, {"areas": ["05"]}, {"overlap_group": "OTHER"}], ids=str
)
def test_a_service_that_moves_or_widens_onto_occupied_ground_says_why_on_this_way_too(
    directory: Directory, changes: dict[str, Any]
) -> None:
    grounds(directory)
    directory.take_in(
        a_service(id="third", overlap_group="OTHER", areas=["05515"]), an_area(id="05", name={"de": "NRW"})
    )
    moved = a_service(**{"id": "elsewhere", "overlap_group": "RECOGNITION", "areas": ["05515"], **changes})
    with pytest.raises(InvalidError) as refused:
        directory.take_in(moved)
    assert list(refused.value.fields) == ["1:overlap_justification"]
    directory.take_in({**moved, "overlap_justification": {"de": "Andere Sprachen."}})


def test_one_that_is_revived_on_occupied_ground_says_why(directory: Directory) -> None:
    grounds(directory)
    resting = a_service(id="resting", overlap_group="RECOGNITION", status="inactive")
    directory.take_in(resting)
    with pytest.raises(InvalidError) as refused:
        directory.take_in({**resting, "status": "active"})
    assert list(refused.value.fields) == ["1:overlap_justification"]


def test_who_leaves_in_the_same_file_makes_room(directory: Directory) -> None:
    grounds(directory)
    leaves = a_service(id="here", overlap_group="OTHER")
    comes = a_service(id="elsewhere", overlap_group="RECOGNITION", areas=["05334"])
    assert directory.take_in(comes, leaves)["changed"] == 2


def test_a_file_that_says_nothing_of_it_takes_a_recorded_reason_from_nobody(directory: Directory) -> None:
    """The reason was given on the page of the coordinators; the file is from before."""
    grounds(directory)
    said = a_service(id="beside", overlap_group="RECOGNITION")
    directory.take_in({**said, "overlap_justification": {"de": "Andere Sprachen."}})
    report = directory.take_in(said)
    assert report["changed"] == 0, "it says nothing else"
    assert directory.take_in({**said, "wait_time": "lang"})["changed"] == 1
    with directory.db.read() as connection:
        [row] = connection.execute(
            "SELECT document FROM services WHERE id = %s", (id_of("service", "beside"),)
        ).fetchall()
    assert (row["document"]["overlap_justification"], row["document"]["wait_time"]) == (
        {"de": "Andere Sprachen."},
        {"de": "lang"},
    )


def test_a_day_to_come_on_which_somebody_confirmed_is_refused_at_its_row(directory: Directory) -> None:
    directory.take_in(*a_directory())
    with pytest.raises(InvalidError) as refused:
        directory.take_in(a_service(wait_time="lang"), a_report(assured_date="2026-11-24"))
    assert refused.value.fields == {"2:assured_date": "a day not after today"}


def test_a_retired_service_is_announced_as_retired_and_stays_readable(directory: Directory) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_service(status="defunct"))
    assert directory.said()[3] == ServiceRetired(
        service_id=id_of("service", "a-recognition"), version=2, organization_id=id_of("organization", "a-chamber")
    )
    with directory.db.read() as connection:
        assert entries.service(connection, id_of("service", "a-recognition"))["status"] == "defunct"


def test_a_new_place_is_a_new_version_of_its_organization_alone(directory: Directory) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_location(name="Haus am Dom"))
    organization, _ = directory.said()[3:]
    assert (organization.version, organization.address) == (2, "Haus am Dom")


def test_a_place_that_moves_is_news_of_both_organizations(directory: Directory) -> None:
    directory.take_in(*a_directory(), an_organization(id="another"))
    directory.take_in(a_location(organization_id="another"))
    told = {event.organization_id: event.address for event in directory.said()[4:6]}
    assert told == {
        id_of("organization", "a-chamber"): None,
        id_of("organization", "another"): "Haus am Markt",
    }


def test_changed_terms_are_a_new_version_of_organization_and_service(directory: Directory) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_participation(terms=[terms(back_level="receipt")]))
    organization, service, _ = directory.said()[3:]
    assert organization.version == service.version == 2
    assert service.terms.back_level is BackLevel.RECEIPT
    assert str(service.assured_on) == "2026-11-01"


def test_who_changed_what_is_kept_and_cannot_be_rewritten(directory: Directory) -> None:
    directory.take_in(*a_directory())
    directory.take_in(an_organization(website="https://kammer.example"))
    with directory.db.read() as connection:
        newest, first = queries.history(connection, "organization", str(id_of("organization", "a-chamber")))
    assert (newest["document"]["website"], newest["changed_by"]) == ("https://kammer.example", "staff:edda")
    assert "website" not in first["document"]
    with directory.db.session() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute("UPDATE object_history SET changed_by = 'nobody'")


def test_everything_can_be_told_anew_as_it_was_told_last(directory: Directory) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_service(status="inactive"), an_organization(email="info@kammer.example"))
    assert announce_everything(directory.unit) == 2
    assert directory.said()[6:] == directory.said()[3:5]


def test_the_region_s_file_is_good_and_comes_in(directory: Directory) -> None:
    report = directory.take_in_bytes(REGION.read_bytes())
    assert report["counts"]["organization"]["new"] >= 40
    assert report["counts"]["service"]["new"] >= 39
    demo = (ROOT / "deploy" / "demo" / "data" / "participation.ndjson").read_bytes()
    assert directory.take_in_bytes(demo)["counts"]["participation"]["new"] == len(demo.splitlines())


def test_every_row_of_the_region_s_file_cites_a_source_that_stands_in_it() -> None:
    rows = [json.loads(line) for line in REGION.read_text(encoding="utf-8").splitlines()]
    sources = {row["id"] for row in rows if row["object"] == "source"}
    assert all(set(row["sources"]) <= sources for row in rows if row["object"] != "source")


def test_imports_at_the_same_time_wait_for_each_other_and_all_come_in(directory: Directory) -> None:
    services = [a_service(id=f"service-{number}") for number in range(30)]
    directory.take_in(*a_directory(), *services)

    def one(writer: int) -> None:
        rows = [{**row, "wait_time": f"{writer} Tage"} for row in services]
        random.Random(writer).shuffle(rows)
        fresh = [a_service(id=f"fresh-{number}", wait_time=f"{writer}") for number in range(20)]
        directory.take_in(*rows, *(reversed(fresh) if writer % 2 else fresh))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert directory.count("services") == 51
    versions = [event.version for event in directory.said() if getattr(event, "service_id", None) == FIRST]
    assert versions == [1, 2, 3, 4, 5]


FIRST = id_of("service", "service-0")
