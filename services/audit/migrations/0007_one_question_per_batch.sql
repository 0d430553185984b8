-- What a batch needs to know before it is appended, asked once instead of three times: it becomes the one writer, and only
-- then reads where the log stands and which of its events are there already (a statement of its own sees what the writer
-- before committed). Its plans are kept, so they must not come from the days when the log was short and was read whole.
CREATE FUNCTION begin_append(writer bigint, wanted uuid[])
RETURNS TABLE (size bigint, frontier bytea, chain_hash bytea, recorded_at timestamptz, signed_size bigint,
               signed_at timestamptz, known uuid[])
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock(writer), set_config('synchronous_commit', 'on', true);
    RETURN QUERY
    SELECT head.size, head.frontier, head.chain_hash, head.recorded_at, signed.size, signed.signed_at,
           ARRAY(SELECT event_id FROM entries WHERE event_id = ANY(wanted))
    FROM (VALUES (1)) AS always
    LEFT JOIN (SELECT * FROM heads ORDER BY size DESC LIMIT 1) AS head ON true
    LEFT JOIN (SELECT size, signed_at FROM checkpoints ORDER BY size DESC LIMIT 1) AS signed ON true;
END $$;
