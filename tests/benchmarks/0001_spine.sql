-- What the spine and its peers work on: a case that moves, letters of the peer, and the chain of what was heard.
CREATE TABLE cases (id uuid PRIMARY KEY, version integer NOT NULL, status text NOT NULL) WITH (fillfactor = 70);
CREATE TABLE letters (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, type text NOT NULL,
                      body bytea NOT NULL, written_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE chain (n bigint PRIMARY KEY, event_id uuid NOT NULL UNIQUE, subject text NOT NULL, sequence bigint,
                    told_at timestamptz NOT NULL, heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                    body bytea NOT NULL, hash bytea NOT NULL);
