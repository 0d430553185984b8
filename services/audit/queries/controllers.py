"""Whose a case is: its controller's who recorded the enquiry; so is what is about a person whom no other knows.

The database keeps it beside the log, a row for each entry and controller, as entries are appended (`owned_entries`). Of
what is one controller's altogether, or of a kind or a time, her own list is read; where a case, an actor or an entry
is asked for, its entries are, and each is looked up in that list.
"""

OWNED = "owned_entries"
#: As a condition on `entries`. `OFFSET 0` keeps the question with its entry: otherwise all of hers may be read for it.
OF_CONTROLLER = """EXISTS (
    SELECT 1 FROM owned_entries AS owned WHERE owned.position = entries.position AND owned.controller_id = %s OFFSET 0
)"""
#: As a condition on `owned_entries`.
IN_HER_LIST = "controller_id = %s"
#: As a condition on `finding_standing`: where hers are looked for, and whether it still is hers.
FINDING_OF_CONTROLLER = """controllers @> ARRAY[%s] AND EXISTS (
    SELECT 1 FROM owned_entries AS owned WHERE owned.position = finding_standing.position
        AND owned.controller_id = %s OFFSET 0
)"""
