"""What goes into an image may be given on under the project's own licence, and stands in the bill of materials."""

from email.message import Message
from typing import Any, cast

import pytest

from deploy.supply import bill
from deploy.supply.licences import Package, licence_of, packages, pinned, refused


def test_no_package_of_the_images_stands_under_a_licence_that_binds_who_runs_them() -> None:
    found = packages()
    assert len(found) > 50
    assert refused(found) == []


@pytest.mark.parametrize(
    "licence",
    [
        "GPL-3.0-or-later",
        "AGPL-3.0-only",
        "MIT AND GPL-2.0-only",
        "SSPL-1.0",
        "GNU General Public License v3 (GPLv3)",
        "",
    ],
)
def test_a_planted_package_is_refused_by_name(licence: str) -> None:
    (sentence,) = refused([Package("planted", "1.0", licence), Package("fine", "1.0", "MIT")])
    assert sentence.startswith("planted 1.0: ")


@pytest.mark.parametrize("licence", ["GPL-2.0-only OR MIT", "Apache-2.0 AND BSD-2-Clause", "(MIT OR AGPL-3.0-only)"])
def test_of_two_offered_one_permitted_is_enough_and_of_two_bound_both_have_to_be(licence: str) -> None:
    assert refused([Package("offered", "1.0", licence)]) == []


def test_an_expression_counts_before_a_classifier_and_a_classifier_before_free_text() -> None:
    said = Message()
    said["License"] = "UNKNOWN"
    assert licence_of(cast(Any, said)) == ""
    said["Classifier"] = "License :: OSI Approved :: MIT License"
    assert licence_of(cast(Any, said)) == "MIT License"
    said["License-Expression"] = "GPL-3.0-only"
    assert licence_of(cast(Any, said)) == "GPL-3.0-only"


def test_the_bill_holds_what_an_image_installs_and_what_was_brought_along() -> None:
    images = dict(pinned())
    made = bill.of_images(installed([*images.items(), ("pytest", "8.4.0")]), images)
    names = {one["name"] for one in made["components"]}
    assert names == {*images, "@kern-ux/native"}
    assert bill.missing(made, images) == []
    assert {below for one in made["dependencies"] for below in one["dependsOn"]} == {"nameko"}


def test_a_package_that_is_not_in_the_bill_or_in_another_version_is_named() -> None:
    images = {"amqp": "5.3.1", "kombu": "5.6.0"}
    made = bill.of_images(installed([("amqp", "5.0.0")]), images)
    assert bill.missing(made, images) == [
        "amqp 5.3.1 is in the images, the bill says 5.0.0",
        "kombu 5.6.0 is in the images, the bill says nothing",
    ]


def installed(found: list[tuple[str, str]]) -> dict[str, Any]:
    """A bill as the tool makes it, of everything that is installed; the project itself asks for two of them."""
    return {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [{"bom-ref": name, "name": name, "version": version} for name, version in found],
        "dependencies": [
            {"ref": "root", "dependsOn": ["nameko", "pytest"]},
            {"ref": "pytest", "dependsOn": ["pluggy"]},
        ],
    }
