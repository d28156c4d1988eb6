-- A case merged into another keeps the state it had, so that a person may undo it.

CREATE TABLE case_merge (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  parent_id INTEGER NOT NULL REFERENCES cases (id),
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER
) STRICT;
CREATE UNIQUE INDEX case_merge_holds ON case_merge (case_id) WHERE until IS NULL;
CREATE INDEX case_merge_parent ON case_merge (parent_id) WHERE until IS NULL;

-- Who takes part in a case through one that was merged into it.
ALTER TABLE case_party ADD COLUMN origin_id INTEGER REFERENCES cases (id);
CREATE INDEX case_party_origin ON case_party (origin_id) WHERE origin_id IS NOT NULL;
