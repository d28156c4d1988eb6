-- The form of a report: what is still missing of it, what was asked for (names of fields only), and what was given.

ALTER TABLE cases ADD COLUMN missing text NOT NULL DEFAULT '[]';
ALTER TABLE cases ADD COLUMN questions text NOT NULL DEFAULT '{}';
ALTER TABLE cases ADD COLUMN completeness double precision;
ALTER TABLE cases ADD COLUMN completeness_at_instruct double precision;
ALTER TABLE cases ADD COLUMN taken text;

CREATE TABLE form_value (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL REFERENCES cases (id),
  field text NOT NULL,
  by_staff boolean NOT NULL,
  at bigint NOT NULL,
  sealed_value bytea NOT NULL
);
CREATE INDEX form_value_case ON form_value (case_id, id);
