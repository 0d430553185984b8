-- What others did that is about a member of staff: her access was ended, somebody looked for what stands under her
-- pseudonym, or was shown her name. The leaf alone says whom it is about; few entries do.
CREATE FUNCTION about_staff(leaf bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(convert_from(leaf, 'UTF8')::jsonb #>> '{data,staff}',
                    convert_from(leaf, 'UTF8')::jsonb #>> '{data,sought_actor}')
$$;
CREATE INDEX entries_about_staff ON entries (about_staff(leaf), occurred_at, position)
WHERE type IN ('audit.access_ended.v1', 'audit.access_restored.v1', 'audit.log_viewed.v1', 'audit.log_exported.v1',
    'audit.search_saved.v1', 'audit.review_held.v1', 'referral.resolution_shown.v1', 'referral.resolution_refused.v1',
    'referral.resolution_expired.v1') AND about_staff(leaf) IS NOT NULL;
