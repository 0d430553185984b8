"""What was tried for a figure that was missed: told only where it is missed."""

#: By the beginning of a figure's name.
TRIED: dict[str, tuple[str, ...]] = {
    "audit append at batch 100": (
        "Beside the COPY into table and indexes stand leaf, hashes and row of each entry, made in Python, and two more"
        " round trips a batch. Written as one text the ids of a batch cost 22 us instead of 125, ids of cases that come"
        " again are spelled once, the head is grown alone where nothing else grew.",
        "Tried without gain: owners of entries from the trigger's own rows instead of looked up, and inserted without"
        " looking for conflicts; SHA-256 by another implementation or a copied state.",
    ),
    "verification of the log": (
        "Pieces of 8,192 entries are read by two copied processes; of an entry's 9 us of CPU 1.8 are the database's,"
        " 1.6 fetching, 1.5 SHA-256, 2 comparing columns.",
    ),
}


def about(name: str) -> tuple[str, ...]:
    return next((told for begins, told in TRIED.items() if name.startswith(begins)), ())
