"""What was tried for a figure that was missed: told only where it is missed.

Before and after were measured in turns on a machine that did much else, where CPU time is a third dearer than in a run
of `make bench`: they count beside each other only.
"""

_PEERS = (
    "Both are bound by CPU, so the ratio of the rates is that of the CPU times: relay, consumer, PostgreSQL"
    " and RabbitMQ of the spine take as much as the peer for everything, and its web process on Flask and"
    " waitress twice what uvicorn or fastify take.",
    "Where the web process spends its time (py-spy, samples that hold the interpreter, 16 clients): the unit"
    " of work 31 % (of it the statement 15 %, the event's bytes 10 %), waitress' loop over its connections 17"
    " %, rights, trace and language 11 %, headers, log line and metrics 8 %, webargs and Flask the rest. No"
    " single place is left to take a tenth from.",
    "Tried: events written and read field by field (43.7 to 26.2 and 41.1 to 28.2 microseconds), placeholders"
    " numbered once, headers in one look, one JSON encoder, no language to negotiate with programs: 2.65 to"
    " 2.2 CPU-ms for a transition, of it the web process 1.35 to 1.17 (two rounds each, in turns).",
    "Not done: another web server or an asynchronous framework (all pages stand on Flask), fewer headers on"
    " messages (a contract), no number by subject and no place in the stream (what partners and the audit log"
    " rely on).",
)
_LATENCY = (
    "Of the way from command to log (stamps of the rows: told, written, heard) nearly all lies between the"
    " commit and the listener's transaction: the relay's turn, the broker's confirm, and the listener that"
    " waits for more.",
    "Tried: a window leaves while the broker still confirms the one before; a batch closes when nothing"
    " followed for a millisecond instead of always 5 ms after its first message (size of batches unchanged"
    " under load: 11 to 14 letters). What it brings at half load was not measured on a quiet machine before"
    " this run.",
    "Not done: NOTIFY with every commit (a lock for all writers: 44 % of the rate at 16 of them), shorter"
    " turns of the relay (each is a commit; its CPU time grows as its wait shrinks).",
)
_PRODUCT = (
    "`accept` is three facts, not one: the answer of the consent engine, that the referral was received, that"
    " it was accepted. Relay, consumer, RabbitMQ and their share of PostgreSQL take three times the spine's"
    " for them, as they should; 4.4 of the 8.2 ms are the web process and its statements.",
    "Its writing is one statement of 107 values that PostgreSQL runs in 0.5 ms, half of which are triggers"
    " (deadlines, foreign keys); before it one reading (0.12 ms), and one whether the partner takes part."
    " Plans are made once per connection (generic after five). On a copy nobody had analyzed the reading went"
    " by the partner's index past all its referrals; the benchmark analyzes its copy now, as a database at"
    " work has been.",
    "Tried: a token's signature reckoned once under the same keys (0.30 to 0.16 ms of the web process),"
    " values of the statement numbered once instead of looked for in every one, since psycopg keeps no parse"
    " of more than 50 (0.89 to 0.72 ms for sending and reading), events field by field (0.24 to 0.18 ms), no"
    " arrays for a few letters (not measured by itself).",
    "Not done: asking in the same statement whether the partner takes part (a round trip, 0.2 ms; who is"
    " refused has to be refused before anything is read), and leaving out indexes of the referrals (13 of them"
    " are written with every step; each carries a list of the desk at 100,000 referrals).",
)
_ABOVE = "What was tried stands above."
_FULL = (
    "Four clients of the product keep both cores busy: its half load is none. The way shortens as its CPU time does."
)

#: By the beginning of a figure's name.
TRIED: dict[str, tuple[str, ...]] = {
    "product (accept) / spine": _PRODUCT,
    "transitions, spine / nameko": (
        "Where the goal was set nameko per message took 6.41 CPU-ms for a transition and ours 2.37; in the"
        " run of 2026-11-27 they took 3.99 and 2.06. The spine's own goal is reached; the other got cheaper by"
        " more.",
        *_PEERS[1:],
    ),
    "transitions, spine / FastAPI + aio-pika": (*_PEERS[:1], _ABOVE),
    "transitions, spine / Node": (*_PEERS[:1], _ABOVE),
    "command to the log at half load, spine": _LATENCY,
    "HTTP at half load, spine": ("One process on one core answers; what it spends and what was tried stands above.",),
    "command to the log at half load, product": (_FULL, _ABOVE),
    "HTTP at half load, product": (_FULL, _ABOVE),
    "audit append at batch 100": (
        "Beside the COPY into table and indexes stand leaf, hashes and row of each entry, made in Python, and"
        " two more round trips a batch. Written as one text the ids of a batch cost 22 us instead of 125, ids"
        " of cases that come again are spelled once, the head is grown alone where nothing else grew.",
        "Tried without gain: owners of entries from the trigger's own rows instead of looked up, and inserted"
        " without looking for conflicts; SHA-256 by another implementation or a copied state.",
    ),
    "verification of the log": (
        "Pieces of 8,192 entries are read by two copied processes; of an entry's 9 us of CPU 1.8 are the"
        " database's, 1.6 fetching, 1.5 SHA-256, 2 comparing columns.",
    ),
}


def about(name: str) -> tuple[str, ...]:
    return next((told for begins, told in TRIED.items() if name.startswith(begins)), ())
