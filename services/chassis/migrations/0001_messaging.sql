-- What leaves a service (outbox), what reaches it (inbox), and what had to wait or be put aside on the way.

-- OUTBOX. Append-only but for two marks: `position` (gapless per exchange, given and committed before publishing) and
-- `published_at` (after the broker confirmed). Daily partitions, dropped whole after 35 days.
CREATE SEQUENCE outbox_number_seq;
GRANT USAGE ON SEQUENCE outbox_number_seq TO PUBLIC;

CREATE TABLE outbox (
    number bigint NOT NULL DEFAULT nextval('outbox_number_seq'),
    written_at timestamptz NOT NULL DEFAULT now(),
    position bigint,
    published_at timestamptz,
    event_id uuid NOT NULL,
    subject text NOT NULL,
    exchange text NOT NULL,
    routing_key text NOT NULL,
    headers json NOT NULL,
    body bytea NOT NULL
) PARTITION BY RANGE (written_at);

ALTER SEQUENCE outbox_number_seq OWNED BY outbox.number;

-- Nothing may ever fail to be written because nobody made tomorrow's partition.
CREATE TABLE outbox_other PARTITION OF outbox DEFAULT;

CREATE INDEX outbox_unpublished ON outbox (number) WHERE published_at IS NULL;

-- How far each stream has been published, with a rolling hash over the bytes: what audit compares its own log with.
CREATE TABLE outbox_heads (
    exchange text PRIMARY KEY,
    position bigint NOT NULL,
    published bigint NOT NULL DEFAULT 0,
    rolling_sha256 text NOT NULL DEFAULT repeat('0', 64)
) WITH (fillfactor = 50);

-- The roles may not make or drop tables; this function, owned by the owner, is the one thing they may ask for.
CREATE FUNCTION outbox_turn_partitions(days_ahead integer, days_kept integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    day date;
    old record;
    pending boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(7301945);
    FOR day IN SELECT today + n FROM generate_series(0, days_ahead) AS n LOOP
        CONTINUE WHEN to_regclass(format('public.outbox_%s', to_char(day, 'YYYYMMDD'))) IS NOT NULL;
        SELECT EXISTS (SELECT FROM public.outbox_other WHERE written_at >= day::timestamp AT TIME ZONE 'UTC'
                       AND written_at < (day + 1)::timestamp AT TIME ZONE 'UTC') INTO pending;
        CONTINUE WHEN pending;
        EXECUTE format('CREATE TABLE public.outbox_%s PARTITION OF public.outbox FOR VALUES FROM (%L) TO (%L)',
                       to_char(day, 'YYYYMMDD'), day::timestamp AT TIME ZONE 'UTC',
                       (day + 1)::timestamp AT TIME ZONE 'UTC');
    END LOOP;
    FOR old IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'public.outbox'::regclass AND c.relname ~ '^outbox_\d{8}$'
               AND to_date(right(c.relname, 8), 'YYYYMMDD') < today - days_kept LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE published_at IS NULL)', old.relname) INTO pending;
        CONTINUE WHEN pending;
        EXECUTE format('DROP TABLE public.%I', old.relname);
    END LOOP;
END $$;

SELECT outbox_turn_partitions(7, 35);

-- The last number given to each subject; the row lock makes numbering and writing one thing per subject.
CREATE TABLE subject_sequences (
    subject text PRIMARY KEY,
    last bigint NOT NULL
) WITH (fillfactor = 70);

-- INBOX. What was heard already (at least as long as anybody may send it again).
CREATE TABLE inbox (
    event_id uuid NOT NULL,
    source text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, source)
);
CREATE INDEX inbox_received ON inbox USING brin (received_at);

-- How far each subject was heard, so that order is checked and not hoped for.
CREATE TABLE inbox_subjects (
    source text NOT NULL,
    subject text NOT NULL,
    last_sequence bigint NOT NULL,
    PRIMARY KEY (source, subject)
) WITH (fillfactor = 70);

-- Came too early: waits for its predecessor, at most a minute.
CREATE TABLE held_events (
    event_id uuid NOT NULL,
    source text NOT NULL,
    subject text NOT NULL,
    sequence bigint,
    queue text NOT NULL,
    arrival jsonb NOT NULL,
    body bytea NOT NULL,
    reason text NOT NULL,
    held_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, source)
);
CREATE INDEX held_events_subject ON held_events (source, subject, sequence);

-- Could not be handled: put aside with its reason until an operator decides; later events of its subject wait behind it.
CREATE TABLE parked_events (
    parked_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid,
    source text,
    subject text,
    sequence bigint,
    type text,
    queue text NOT NULL,
    arrival jsonb NOT NULL,
    body bytea NOT NULL,
    reason text NOT NULL,
    error text,
    attempts integer NOT NULL DEFAULT 0,
    parked_at timestamptz NOT NULL DEFAULT now(),
    retry_requested_at timestamptz,
    settled_at timestamptz,
    settlement text CHECK (settlement IN ('handled', 'discarded')),
    settled_by text
);
CREATE INDEX parked_events_open ON parked_events (source, subject, sequence) WHERE settled_at IS NULL;

-- COMMANDS. The answer given to a command, kept so that a repetition gets the same one and no second effect.
CREATE TABLE command_results (
    caller text NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    status integer NOT NULL,
    body jsonb NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX command_results_written ON command_results USING brin (written_at);

-- Every role process says here that it lives, and what it last measured.
CREATE TABLE beats (
    role text PRIMARY KEY,
    beaten_at timestamptz NOT NULL,
    figures jsonb NOT NULL
) WITH (fillfactor = 50);
