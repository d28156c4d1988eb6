-- What the unit's own people need: secret reply addresses of their conversations, requests for personnel, and a quick
-- way to the notices one of them got last.

CREATE TABLE conversation_token (
  conversation_id bigint PRIMARY KEY REFERENCES conversation (id),
  token_hash bytea NOT NULL UNIQUE,
  sealed_token bytea NOT NULL
);

CREATE TABLE personnel_request (
  id bigint PRIMARY KEY,
  post text NOT NULL,
  case_id bigint REFERENCES cases (id),
  wanted bigint NOT NULL,
  asked_by text NOT NULL,
  asked_at bigint NOT NULL,
  sealed_reason bytea NOT NULL,
  granted boolean,
  answered_by text,
  answered_at bigint,
  sealed_answer bytea
);
CREATE INDEX personnel_waiting ON personnel_request (id) WHERE granted IS NULL;

CREATE INDEX outbox_staff ON outbox (conversation_id, id) WHERE substr(template, 1, 6) = 'staff_';
