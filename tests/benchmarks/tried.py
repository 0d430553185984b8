"""What was tried for a figure that was missed: told only where it is missed.

Before and after were measured in turns on a machine that did much else, where CPU time is a third dearer than in a run
of `make bench`: they count beside each other only.
"""

_PEERS = (
    "Both are bound by CPU, so the ratio of the rates is that of the CPU times: relay, consumer, PostgreSQL"
    " and RabbitMQ of the spine take up to one and a half times what the peer takes for everything, and its web"
    " process on Flask and waitress two to two and a half times what uvicorn or fastify take.",
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
    " under load: 11 to 14 letters).",
    "Not done: NOTIFY with every commit (a lock for all writers: 44 % of the rate at 16 of them), shorter"
    " turns of the relay (each is a commit; its CPU time grows as its wait shrinks).",
)
_PRODUCT = (
    "`accept` is three facts, not one: the answer of the consent engine, that the referral was received, that"
    " it was accepted. Relay, consumer, RabbitMQ and their share of PostgreSQL take three times the spine's"
    " for them, as they should; 2.7 of its 6.5 ms are the web process, 1.9 PostgreSQL.",
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
_TAIL = (
    "Tried: what starting made is frozen (`gc.freeze`): a full collection of Python stopped a role for 60 to 120 ms,"
    " which was one in a hundred commands (spine to the log 68.5 to 18.8 ms, the product's answers 14.5 to 10.2 ms,"
    " medians of two runs on one day).",
)

#: By the beginning of a figure's name.
TRIED: dict[str, tuple[str, ...]] = {
    "product (accept) / spine": _PRODUCT,
    "transitions, spine / nameko": (
        "Where the goal was set nameko per message took 6.41 CPU-ms for a transition and ours 2.37; in the"
        " run of 2026-11-27 they took 3.61 and 2.17. The spine's own goal is reached; the other got cheaper by"
        " more. On the same day it took 4.43 in one run and 3.61 in another, the batched peers 1.2 and 0.8, the spine"
        " 2.2 in both: the ratios swing with what is not ours.",
        *_PEERS[1:],
    ),
    "transitions, spine / FastAPI + aio-pika": (*_PEERS[:1], _ABOVE),
    "transitions, spine / Node": (*_PEERS[:1], _ABOVE),
    "command to the log at half load, spine": (*_LATENCY, *_TAIL),
    "HTTP at half load, spine": _TAIL,
    "command to the log at half load, product": _TAIL,
    "HTTP at half load, product": _TAIL,
    "audit append at batch 100": (
        "Beside the COPY into table and indexes stand leaf, hashes and row of each entry, made in Python, and"
        " two more round trips a batch. Written as one text the ids of a batch cost 22 us instead of 125, ids"
        " of cases that come again are spelled once, the head is grown alone where nothing else grew.",
        "Tried without gain: owners of entries from the trigger's own rows instead of looked up, and inserted"
        " without looking for conflicts; SHA-256 by another implementation or a copied state.",
    ),
    "A desk's pages": (
        "All of them lie open on one desk here. Each page says how many there are of each kind, exactly, and counts"
        " them anew: that grows with the desk. What counts nothing (a number in full, a name, fifty partners'"
        " questions) stays flat. At 100,000 on one desk every page took less than 50 ms; at a million most took a"
        " third of a second, a navigator's own cases 1.4 s and one cause 0.75 s (not looked into).",
        "Not done: counts kept beside the rows (every step of every referral would write them, and at one desk wait"
        " for each other), or counts that are no longer exact.",
    ),
    "Matching": (
        "A larger directory is a denser one here: a hundred times the services are a hundred times as many in reach"
        " of one person, and each of them is judged with its reasons. 50,000 services are ranked within the 50 ms"
        " that were asked for ([results/matching.md](results/matching.md)). That a hundred services in reach cost"
        " more in a larger directory was not looked into.",
    ),
    "The officer's pages: the same, with an agreement on staff": (
        "The clock does this, no page. The log of the stage always lasts a thousand days, so a hundred times the"
        " entries are a hundred times as many in one day of one pseudonym, and a day is judged whole whenever an"
        " entry of it is new. What it costs follows a person's views of a day, not the length of the log.",
    ),
    "verification of the log": (
        "Pieces of 8,192 entries are read by two copied processes; of an entry's 9 us of CPU 1.8 are the"
        " database's, 1.6 fetching, 1.5 SHA-256, 2 comparing columns.",
    ),
}


def about(name: str) -> tuple[str, ...]:
    return next((told for begins, told in TRIED.items() if name.startswith(begins)), ())
