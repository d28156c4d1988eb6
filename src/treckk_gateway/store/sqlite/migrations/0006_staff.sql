-- What the unit's own people need: secret reply addresses of their conversations, requests for personnel, and a quick
-- way to the notices one of them got last.

CREATE TABLE conversation_token (
  conversation_id INTEGER PRIMARY KEY REFERENCES conversation (id),
  token_hash BLOB NOT NULL UNIQUE,
  sealed_token BLOB NOT NULL
) STRICT;

CREATE TABLE personnel_request (
  id INTEGER PRIMARY KEY,
  post TEXT NOT NULL,
  case_id INTEGER REFERENCES cases (id),
  wanted INTEGER NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  sealed_reason BLOB NOT NULL,
  granted INTEGER,
  answered_by TEXT,
  answered_at INTEGER,
  sealed_answer BLOB
) STRICT;
CREATE INDEX personnel_waiting ON personnel_request (id) WHERE granted IS NULL;

CREATE INDEX outbox_staff ON outbox (conversation_id, id) WHERE substr(template, 1, 6) = 'staff_';
