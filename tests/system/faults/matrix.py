"""The matrix of faults: what is done to the network, what is expected of it, and the tests that assert that.

Each row names at least one test, here or wherever it stands; `test_matrix` holds every name against the files.
"""

from dataclasses import dataclass

CHASSIS = "tests/chassis/test_faults.py"
CRASHES = "tests/chassis/test_server_crashes.py"
RELAY = "tests/chassis/test_relay.py"
INBOX = "tests/chassis/test_inbox.py"
WORK = "tests/chassis/test_work.py"
KILLS = "tests/system/faults/test_kills.py"
CONNECTIONS = "tests/system/faults/test_connections.py"
SERVERS = "tests/system/faults/test_servers.py"
LIMITS = "tests/system/faults/test_limits.py"
CLOCK = "tests/system/faults/test_clock.py"
ROLLING = "tests/system/faults/test_rolling.py"
LOG = "tests/integration/audit/test_log.py"
VERIFIER = "tests/integration/audit/test_verifier.py"
WITNESS = "tests/integration/audit/test_witness.py"
WEBHOOK = "tests/integration/notifications/test_webhook.py"
ENDPOINTS = "tests/integration/notifications/test_webhook_endpoints.py"
GUARD = "tests/integration/notifications/test_webhook_guard.py"
DISK_FULL = "tests/integration/audit/test_disk_full.py"
DB = "tests/chassis/test_db.py"
ENVELOPE = "tests/contracts/test_envelope.py"
TYPES = "tests/contracts/test_type_rule.py"
TOKENS = "tests/chassis/test_tokens.py"
BROKER_TLS = "tests/integration/notifications/test_broker_tls.py"
TLS = "tests/integration/notifications/test_tls.py"
FIGURES = "tests/chassis/test_figures.py"
TOPOLOGY = "tests/lotse/test_topology.py"
CLUSTER = "tests/system/cluster/test_cluster.py"
DELIVERY = "tests/integration/notifications/test_delivery_faults.py"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault; `tests` are `file::test`."""

    number: int
    fault: str
    expected: str
    tests: tuple[str, ...]


def row(number: int, fault: str, expected: str, **tests: tuple[str, ...]) -> Row:
    """The tests by the name of their file above."""
    named = tuple(f"{globals()[file]}::test_{name}" for file, names in tests.items() for name in names)
    return Row(number, fault, expected, named)


MATRIX = (
    row(
        1,
        "kill -9 relay, before and after the broker's confirm",
        "rows roll back, are published again, the inbox knows them",
        KILLS=(
            "relay_killed_after_sending_and_before_it_heard_of_a_confirm",
            "relay_killed_after_a_confirm_and_before_it_wrote_that_down",
        ),
        CHASSIS=("relay_killed_mid_batch",),
        RELAY=("what_was_sent_but_not_marked_is_sent_again_under_the_same_position",),
    ),
    row(
        2,
        "kill -9 consumer, before and after its commit",
        "what was not acknowledged comes again in order, and has one effect",
        KILLS=(
            "consumer_killed_within_a_batch_before_its_commit",
            "consumer_killed_after_its_commit_and_before_it_acknowledged",
        ),
        CHASSIS=("consumer_killed_mid_batch",),
    ),
    row(
        3,
        "kill -9 relay and consumer together",
        "repetitions within one batch are absorbed",
        KILLS=("relay_and_both_consumers_killed_at_once", "kills_in_random_order"),
        CHASSIS=("relay_and_consumer_killed_together",),
        INBOX=("the_same_event_twice_in_one_batch_is_handled_once",),
    ),
    row(
        4,
        "kill -9 service under load",
        "clients repeat under the same key: one effect, the same answer",
        KILLS=(
            "the_service_is_killed_and_clients_ask_for_the_same_again",
            "the_service_is_killed_after_its_commit_and_before_its_answer",
        ),
    ),
    row(
        5,
        "all AMQP connections closed",
        "connected anew, nothing lost",
        CHASSIS=("all_broker_connections_closed_by_the_operator",),
        CONNECTIONS=("every_connection_is_reset_again_and_again",),
    ),
    row(
        6,
        "sessions of the service's database ended",
        "the pool replaces them; 503 or another try",
        CHASSIS=("database_sessions_terminated",),
        CONNECTIONS=("every_connection_is_reset_again_and_again",),
    ),
    row(
        7,
        "sessions of the hearers' databases ended",
        "the channel is dropped, nothing is put back singly; order kept",
        CHASSIS=("database_sessions_terminated", "a_database_that_is_away_costs_no_deliveries_and_no_busy_loop"),
        CONNECTIONS=("between_a_role_and_its_database_every_packet_is_lost",),
    ),
    row(
        8,
        "database crashes and restarts",
        "acknowledged commits survive, the chain is whole",
        SERVERS=("the_database_is_killed_and_comes_back", "the_database_is_restarted"),
        CRASHES=("database_killed_and_started_again", "both_killed_and_started_again"),
    ),
    row(
        9,
        "relay frozen for 2 s",
        "the backlog drains, whoever stands by does not lead beside it",
        CHASSIS=("relay_frozen_while_another_stands_by",),
    ),
    row(
        10,
        "broker killed -9 and started again; away for 60 s",
        "confirmed messages survive",
        SERVERS=("the_broker_is_away_for_a_minute",),
        CRASHES=("broker_killed_and_started_again",),
    ),
    row(
        11,
        "broker frozen",
        "no confirm in time, everything unmarked goes again; the service answers and says that it can work",
        SERVERS=(
            "the_broker_is_frozen_longer_than_a_confirm_may_take",
            "a_frozen_broker_keeps_nobody_from_the_service",
        ),
        CRASHES=("broker_frozen_longer_than_a_confirm_may_take",),
    ),
    row(
        12,
        "broker's memory alarm",
        "the relay waits, the service answers, the outbox grows and empties",
        SERVERS=("the_broker_takes_nothing_while_it_is_alarmed[memory]",),
    ),
    row(
        13,
        "broker's disk alarm, broker's disk full",
        "as in 12",
        SERVERS=("the_broker_takes_nothing_while_it_is_alarmed[disk]", "the_brokers_disk_is_full"),
    ),
    row(
        14,
        "broker stopped and started three times",
        "as in 10; what comes again in one batch has one effect",
        SERVERS=("the_broker_is_stopped_and_started_three_times",),
        CRASHES=("broker_shut_down_and_started_again",),
    ),
    row(
        15,
        "two relays",
        "one leads, order kept",
        CHASSIS=("a_leader_that_dies_is_followed",),
        RELAY=("two_relays_one_leads_and_the_other_takes_over",),
        ROLLING=("other_roles_are_asked_to_stop_beside_their_successor",),
    ),
    row(
        16,
        "two consumers",
        "one is active, order kept",
        CHASSIS=("a_second_consumer_stands_by_and_takes_over_in_order",),
        CONNECTIONS=("of_a_half_open_consumer_the_broker_hears_nothing_and_another_takes_over",),
    ),
    row(
        17,
        "events nobody is bound for",
        "to be found in `unrouted`, or said again: nothing is lost",
        LIMITS=("events_nobody_is_bound_for_are_not_lost",),
        RELAY=(
            "letters_to_partners_have_positions_of_their_own",
            "it_waits_while_a_listening_queue_is_missing",
            "a_letter_nobody_takes_is_an_error_where_no_alternate_exchange_is",
        ),
    ),
    row(
        18,
        "a full queue",
        "the broker says no, the outbox keeps",
        LIMITS=("a_full_queue_refuses_and_the_outbox_keeps",),
        RELAY=("a_full_queue_refuses_and_that_is_an_error",),
    ),
    row(
        19,
        "poison: no JSON, no envelope, wrong data, too large",
        "parked with its reason, its subject waits, others flow",
        LIMITS=("what_is_no_letter_is_put_aside_and_letters_flow",),
        INBOX=(
            "poison_is_found_in_a_batch_and_only_its_own_subject_waits",
            "unreadable_bytes_are_parked_and_the_rest_of_the_batch_is_heard",
            "an_event_with_wrong_data_blocks_its_subject",
        ),
    ),
    row(
        20,
        "database's disk full",
        "503; nothing acknowledged is lost when there is room again",
        SERVERS=("the_databases_disk_is_full",),
    ),
    row(
        21,
        "disk full where the log publishes or stores",
        "publishing stops, the log is unharmed and goes on",
        DISK_FULL=(
            "a_head_that_finds_no_room_outside_is_published_later",
            "a_database_without_room_takes_nothing_half_and_goes_on_when_there_is_some",
        ),
    ),
    row(
        22,
        "no free file descriptors",
        "503 or a pause; goes on without a restart",
        LIMITS=("a_process_without_free_descriptors_goes_on_when_there_are_some",),
    ),
    row(
        23,
        "a lock held for long, an old transaction left open",
        "503 after the lock's deadline; nobody else waits",
        LIMITS=("a_lock_held_for_long_is_503_and_nobody_else_waits", "an_old_transaction_left_open_stops_nobody"),
        DB=("waiting_behind_a_lock_ends_as_unavailable",),
    ),
    row(
        24,
        "no packet between service and database; a frozen database",
        "503 within seconds, with when to come back",
        CONNECTIONS=(
            "between_service_and_database_every_packet_is_lost",
            "between_a_role_and_its_database_every_packet_is_lost",
        ),
        SERVERS=("the_database_is_frozen_and_thaws",),
        DB=("a_server_that_fell_silent_is_let_go",),
    ),
    row(
        25,
        "half-open connection between consumer and broker",
        "closed within two heartbeats, no work done twice",
        CONNECTIONS=(
            "of_a_half_open_consumer_the_broker_hears_nothing_and_another_takes_over",
            "of_a_half_open_broker_the_consumer_hears_nothing_and_lets_go",
            "of_a_half_open_broker_the_relay_waits_no_longer_than_for_a_confirm",
            "between_a_role_and_the_broker_every_packet_is_lost",
        ),
    ),
    row(
        26,
        "clocks an hour wrong, jumping, backwards",
        "order by number and not by clock; the log's times never run backwards",
        CLOCK=("every_process_has_another_time_and_each_jumps_by_two_hours",),
        LOG=("recorded_times_never_run_backwards", "signatures_do_not_wait_for_a_clock_that_was_set_back"),
    ),
    row(
        27,
        "webhook slow, 500, 410, 3xx, garbage, reset",
        "the ladder; 410 ends it; no partner waits for another",
        DELIVERY=("after_a_fault_of_its_webhook_a_partner_has_everything",),
        WEBHOOK=(
            "a_slow_receiver_is_hung_up_on",
            "a_slow_partner_does_not_hold_up_another",
            "a_refusing_receiver_is_tried_again_unless_it_says_gone",
        ),
        ENDPOINTS=("who_says_gone_is_called_no_more_at_once",),
    ),
    row(
        28,
        "webhook address that leads inside, rebinding, redirects, odd spellings",
        "refused before it is called",
        GUARD=(
            "no_spelling_of_an_inner_address_is_called",
            "a_name_that_leads_inside_is_not_called",
            "a_name_that_answers_differently_the_second_time_gains_nothing",
            "a_redirect_is_followed_nowhere",
        ),
        WEBHOOK=("an_address_behind_our_own_door_is_never_called",),
    ),
    row(
        29,
        "the log tampered with: edited, deleted, swapped, cut off, rewritten, forked",
        "each is found; the tail and a full rewrite by what is kept outside",
        VERIFIER=(
            "one_byte_of_a_leaf_names_that_entry",
            "a_deleted_row",
            "two_rows_swapped",
            "the_newest_rows_deleted_with_every_trace_of_them_in_the_database",
            "everything_rewritten_in_the_database",
            "a_forked_checkpoint_of_the_same_size",
        ),
        WITNESS=("two_heads_of_one_size_are_a_fork",),
    ),
    row(
        30,
        "the log restored from an older backup",
        "contradicts what was published: nothing is appended",
        LOG=("a_log_restored_from_an_older_backup_is_not_written",),
        WITNESS=("a_log_restored_from_an_older_backup_is_noticed",),
    ),
    row(
        31,
        "the same command again or in parallel",
        "one effect, the same answer",
        LIMITS=("the_same_step_from_fifty_clients_at_once_has_one_effect",),
        WORK=(
            "fifty_parallel_repetitions_have_one_effect",
            "a_repeated_command_gets_the_first_answer_and_has_no_second_effect",
        ),
    ),
    row(
        32,
        "old and new event versions side by side",
        "lifted when read; what is unknown is no trouble",
        ENVELOPE=(
            "an_old_version_is_lifted_when_it_is_read",
            "versions_are_lifted_step_by_step",
            "an_unknown_type_is_fine_and_its_data_stays_a_mapping",
        ),
        TYPES=("what_a_newer_version_says_more_is_left_out",),
        INBOX=("an_event_of_unknown_type_is_counted_in_its_line_and_skipped",),
    ),
    row(
        33,
        "SIGTERM during load, replicas of each role one after the other",
        "who has come in is answered, stopped within seconds; no request fails behind two replicas",
        ROLLING=(
            "replicas_restarted_one_after_the_other_do_everything_once",
            "every_replica_of_every_role_is_restarted_under_load",
            "other_roles_are_asked_to_stop_beside_their_successor",
        ),
        CHASSIS=(
            "a_worker_asked_to_stop_finishes_its_batch_before_anybody_kills_it",
            "a_relay_asked_to_stop_leaves_nothing_half_sent",
        ),
    ),
)
#: Beside the 33: what the network has to bear besides.
BESIDES = (
    row(34, "every way slow", "all arrives", CONNECTIONS=("every_way_is_slow",)),
    row(
        35,
        "servers refuse while old connections end slowly",
        "503, then everything",
        CONNECTIONS=("ends_take_their_time_and_new_ones_are_refused",),
    ),
    row(
        36,
        "ten times the load for two minutes",
        "bounded memory, slower answers or 503, nothing lost",
        LIMITS=("ten_times_the_load_is_borne_in_bounded_memory",),
    ),
    row(
        37,
        "everything kept is said again",
        "changes nothing",
        LIMITS=("a_whole_days_events_said_again_change_nothing",),
    ),
    row(
        38,
        "wrong, foreign and expired certificates, expired keys",
        "refused; nothing is sent in the clear",
        BROKER_TLS=(
            "a_service_refuses_whom_nobody_or_another_vouches_for",
            "a_service_refuses_another_hosts_certificate",
        ),
        TLS=(
            "a_certificate_nobody_vouches_for_is_refused",
            "a_certificate_that_has_expired_is_refused_by_webhook_and_broker",
        ),
        TOKENS=("a_wrong_claim_is_refused",),
    ),
    row(
        39,
        "what leads into one queue is deleted, others still hear",
        "the service that is cut off tells it; nothing is lost once it is made anew and said again",
        LIMITS=("a_deleted_binding_is_noticed_while_another_queue_still_hears",),
        FIGURES=("a_stream_nothing_is_heard_of_is_told_whatever_is_heard_of_others",),
        TOPOLOGY=("a_lost_binding_is_named_and_repaired",),
    ),
    row(
        40,
        "any one of three brokers killed, frozen, or restarted",
        "another leads its queues, roles find it; no confirmed message lost",
        CLUSTER=(
            "a_broker_is_killed_and_comes_back",
            "a_broker_freezes_and_thaws",
            "brokers_are_restarted_one_after_the_other",
        ),
    ),
    row(
        41,
        "any one of three database servers lost",
        "no acknowledged commit lost; who is ahead takes over, the log verifies",
        CLUSTER=("a_standby_is_killed_and_comes_back", "the_first_database_is_killed_and_another_takes_over"),
    ),
)
