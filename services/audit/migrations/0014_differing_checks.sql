-- The clock asks every second how many comparisons differed: hardly one of half a million ever does.
CREATE INDEX stream_checks_differing ON stream_checks (source) WHERE NOT agrees;
