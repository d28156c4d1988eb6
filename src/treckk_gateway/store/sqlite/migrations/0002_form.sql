-- The form of a report: what is still missing of it, what was asked for (names of fields only), and what was given.

ALTER TABLE cases ADD COLUMN missing TEXT NOT NULL DEFAULT '[]';
ALTER TABLE cases ADD COLUMN questions TEXT NOT NULL DEFAULT '{}';
ALTER TABLE cases ADD COLUMN completeness REAL;
ALTER TABLE cases ADD COLUMN completeness_at_instruct REAL;
ALTER TABLE cases ADD COLUMN taken TEXT;

CREATE TABLE form_value (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  field TEXT NOT NULL,
  by_staff INTEGER NOT NULL,
  at INTEGER NOT NULL,
  sealed_value BLOB NOT NULL
) STRICT;
CREATE INDEX form_value_case ON form_value (case_id, id);
