-- A case merged into another keeps the state it had, so that a person may undo it.

CREATE TABLE case_merge (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL REFERENCES cases (id),
  parent_id bigint NOT NULL REFERENCES cases (id),
  state text NOT NULL,
  since bigint NOT NULL,
  until bigint
);
CREATE UNIQUE INDEX case_merge_holds ON case_merge (case_id) WHERE until IS NULL;
CREATE INDEX case_merge_parent ON case_merge (parent_id) WHERE until IS NULL;

-- Who takes part in a case through one that was merged into it.
ALTER TABLE case_party ADD COLUMN origin_id bigint REFERENCES cases (id);
CREATE INDEX case_party_origin ON case_party (origin_id) WHERE origin_id IS NOT NULL;
