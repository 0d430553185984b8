-- A file of a hundred thousand services asks for the overlap groups it names; without an index each asks every service.
CREATE INDEX services_overlap_group ON services ((document ->> 'overlap_group'))
    WHERE document ->> 'overlap_group' IS NOT NULL;
