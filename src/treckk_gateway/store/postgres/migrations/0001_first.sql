-- The same tables as SQLite's, for any number of processes: a conversation's row is what one locks to take its turn.
-- Times are microseconds since the epoch, UTC. Columns named sealed_* or *_hash hold ciphertext or keyed hashes.

CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);

CREATE TABLE intake_key (day text PRIMARY KEY, wrapped bytea NOT NULL);

CREATE TABLE inbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel_id text NOT NULL,
  dedupe_key text NOT NULL CHECK (length(dedupe_key) > 0),
  kind text NOT NULL,
  item bigint NOT NULL,
  lane bytea NOT NULL,
  key_day text NOT NULL,
  sealed_raw bytea,
  raw_of bigint REFERENCES inbox (id),
  received_at bigint NOT NULL,
  claimed_at bigint,
  state text NOT NULL,
  reason text,
  due bigint NOT NULL,
  attempts bigint NOT NULL DEFAULT 0,
  woken_at bigint,
  UNIQUE (channel_id, dedupe_key)
);
CREATE INDEX inbox_new ON inbox (id) WHERE state = 'new';
CREATE INDEX inbox_lane ON inbox (lane, id) WHERE state = 'new';
CREATE INDEX inbox_parked ON inbox (id) WHERE state = 'parked';
CREATE INDEX inbox_shared ON inbox (raw_of) WHERE raw_of IS NOT NULL;

CREATE TABLE reporter (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pseudonym text NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  erased_at bigint
);
CREATE TABLE reporter_key (reporter_id bigint PRIMARY KEY REFERENCES reporter (id), wrapped bytea NOT NULL);
CREATE TABLE reporter_identity (
  identity_hash bytea PRIMARY KEY,
  reporter_id bigint NOT NULL REFERENCES reporter (id)
);

CREATE TABLE conversation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel_id text NOT NULL,
  address_hash bytea NOT NULL,
  sealed_address bytea NOT NULL,
  reporter_id bigint REFERENCES reporter (id),
  staff text,
  last_inbound_at bigint,
  window_until bigint,
  opted_out_at bigint,
  sealed_asking bytea,
  language text,
  UNIQUE (channel_id, address_hash)
);
CREATE INDEX conversation_reporter ON conversation (reporter_id) WHERE reporter_id IS NOT NULL;

CREATE TABLE sequence (name text PRIMARY KEY, last bigint NOT NULL);

CREATE TABLE cases (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reference text NOT NULL UNIQUE,
  state text NOT NULL,
  version bigint NOT NULL,
  channel_id text NOT NULL,
  intent text NOT NULL,
  urgency text NOT NULL,
  post text,
  category text,
  district text,
  village text,
  language text NOT NULL,
  flags text NOT NULL,
  opened_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  reporter_id bigint REFERENCES reporter (id)
);
CREATE INDEX cases_state ON cases (state, post);
CREATE INDEX cases_reporter ON cases (reporter_id) WHERE reporter_id IS NOT NULL;

CREATE TABLE case_party (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL REFERENCES cases (id),
  reporter_id bigint REFERENCES reporter (id),
  conversation_id bigint REFERENCES conversation (id),
  token_hash bytea NOT NULL UNIQUE,
  sealed_token bytea NOT NULL,
  since bigint NOT NULL,
  until bigint
);
CREATE INDEX case_party_case ON case_party (case_id);
CREATE INDEX case_party_reporter ON case_party (reporter_id) WHERE reporter_id IS NOT NULL;

CREATE TABLE case_event (
  case_id bigint NOT NULL REFERENCES cases (id),
  seq bigint NOT NULL,
  at bigint NOT NULL,
  actor text NOT NULL,
  role text NOT NULL,
  kind text NOT NULL,
  source text,
  target text,
  sealed_data bytea NOT NULL,
  PRIMARY KEY (case_id, seq)
);

CREATE TABLE message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  inbox_id bigint UNIQUE REFERENCES inbox (id),
  case_id bigint REFERENCES cases (id),
  conversation_id bigint REFERENCES conversation (id),
  reporter_id bigint REFERENCES reporter (id),
  direction text NOT NULL,
  at bigint NOT NULL,
  automatic boolean NOT NULL,
  sealed_body bytea NOT NULL
);
CREATE INDEX message_case ON message (case_id, id) WHERE case_id IS NOT NULL;
CREATE INDEX message_conversation ON message (conversation_id, id);

CREATE TABLE attachment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id bigint NOT NULL REFERENCES message (id),
  kind text NOT NULL,
  state text NOT NULL CHECK (state IN ('stored', 'pending', 'lost', 'refused')),
  size bigint,
  name_hash text,
  sealed_details bytea NOT NULL
);
CREATE INDEX attachment_message ON attachment (message_id);

CREATE TABLE finding (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL REFERENCES cases (id),
  at bigint NOT NULL,
  step text NOT NULL,
  field text NOT NULL,
  confidence double precision NOT NULL,
  sealed_data bytea NOT NULL
);
CREATE INDEX finding_case ON finding (case_id);

CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delivery_id text NOT NULL UNIQUE,
  send_key text NOT NULL UNIQUE,
  case_id bigint REFERENCES cases (id),
  event_seq bigint,
  conversation_id bigint NOT NULL REFERENCES conversation (id),
  channel_id text NOT NULL,
  template text NOT NULL,
  sealed_values bytea NOT NULL,
  sealed_text bytea,
  urgent boolean NOT NULL,
  reply boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'held', 'sending', 'sent', 'uncertain', 'dead', 'cancelled')),
  due bigint NOT NULL,
  attempts bigint NOT NULL DEFAULT 0,
  attempt_id text,
  sending_until bigint,
  expires_at bigint,
  created_at bigint NOT NULL,
  woken_at bigint,
  reason text,
  heard text NOT NULL DEFAULT 'pending'
);
CREATE INDEX outbox_due ON outbox (due, id) WHERE state = 'queued';
CREATE INDEX outbox_urgent ON outbox (due, id) WHERE state = 'queued' AND urgent;
CREATE INDEX outbox_conversation ON outbox (conversation_id, id) WHERE state IN ('queued', 'sending', 'uncertain');
CREATE INDEX outbox_held ON outbox (conversation_id, id) WHERE state = 'held';
CREATE INDEX outbox_sending ON outbox (sending_until) WHERE state = 'sending';
CREATE INDEX outbox_stuck ON outbox (id) WHERE state IN ('uncertain', 'dead');
CREATE INDEX outbox_case ON outbox (case_id, id) WHERE case_id IS NOT NULL;

CREATE TABLE attempt (
  id text PRIMARY KEY,
  outbox_id bigint NOT NULL REFERENCES outbox (id),
  channel_id text NOT NULL,
  started_at bigint NOT NULL,
  ended_at bigint,
  outcome text,
  code text,
  provider_message_id text
);
CREATE INDEX attempt_outbox ON attempt (outbox_id);
CREATE UNIQUE INDEX attempt_provider ON attempt (channel_id, provider_message_id) WHERE provider_message_id IS NOT NULL;

CREATE TABLE receipt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel_id text NOT NULL,
  provider_message_id text NOT NULL,
  outbox_id bigint REFERENCES outbox (id),
  state text NOT NULL,
  raw_status text NOT NULL,
  code text NOT NULL,
  at bigint NOT NULL,
  UNIQUE (channel_id, provider_message_id, raw_status, code)
);
CREATE INDEX receipt_outbox ON receipt (outbox_id) WHERE outbox_id IS NOT NULL;

CREATE TABLE timer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL REFERENCES cases (id),
  kind text NOT NULL,
  instance text NOT NULL,
  due bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'done')),
  woken_at bigint,
  UNIQUE (case_id, kind, instance)
);
CREATE INDEX timer_due ON timer (due, id) WHERE state = 'queued';

CREATE TABLE rate (channel_id text PRIMARY KEY, tat bigint NOT NULL);

CREATE TABLE suppression (
  channel_id text NOT NULL,
  address_hash bytea NOT NULL,
  reason text NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (channel_id, address_hash)
);

CREATE TABLE access_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL REFERENCES cases (id),
  at bigint NOT NULL,
  actor text NOT NULL,
  what text NOT NULL
);
CREATE INDEX access_log_case ON access_log (case_id);
