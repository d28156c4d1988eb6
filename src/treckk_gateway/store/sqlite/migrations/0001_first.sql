-- The inbox is written once per webhook while somebody waits: it has no index on values that arrive at random but the
-- one that makes repeats harmless.
-- Times are microseconds since the epoch, UTC. Columns named sealed_* or *_hash hold ciphertext or keyed hashes.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE intake_key (day TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;

CREATE TABLE inbox (
  id INTEGER PRIMARY KEY,
  channel_id TEXT NOT NULL,
  dedupe_key TEXT NOT NULL CHECK (length(dedupe_key) > 0),
  kind TEXT NOT NULL,
  item INTEGER NOT NULL,
  lane BLOB NOT NULL,
  key_day TEXT NOT NULL,
  sealed_raw BLOB,
  raw_of INTEGER REFERENCES inbox (id),
  received_at INTEGER NOT NULL,
  claimed_at INTEGER,
  state TEXT NOT NULL,
  reason TEXT,
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  woken_at INTEGER,
  UNIQUE (channel_id, dedupe_key)
) STRICT;
CREATE INDEX inbox_new ON inbox (id) WHERE state = 'new';
CREATE INDEX inbox_parked ON inbox (id) WHERE state = 'parked';
CREATE INDEX inbox_shared ON inbox (raw_of) WHERE raw_of IS NOT NULL;

CREATE TABLE reporter (
  id INTEGER PRIMARY KEY,
  pseudonym TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  erased_at INTEGER
) STRICT;
CREATE TABLE reporter_key (reporter_id INTEGER PRIMARY KEY REFERENCES reporter (id), wrapped BLOB NOT NULL) STRICT;
CREATE TABLE reporter_identity (
  identity_hash BLOB PRIMARY KEY,
  reporter_id INTEGER NOT NULL REFERENCES reporter (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation (
  id INTEGER PRIMARY KEY,
  channel_id TEXT NOT NULL,
  address_hash BLOB NOT NULL,
  sealed_address BLOB NOT NULL,
  reporter_id INTEGER REFERENCES reporter (id),
  staff TEXT,
  last_inbound_at INTEGER,
  window_until INTEGER,
  opted_out_at INTEGER,
  sealed_asking BLOB,
  language TEXT,
  UNIQUE (channel_id, address_hash)
) STRICT;
CREATE INDEX conversation_reporter ON conversation (reporter_id) WHERE reporter_id IS NOT NULL;

CREATE TABLE sequence (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;

CREATE TABLE cases (
  id INTEGER PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  version INTEGER NOT NULL,
  channel_id TEXT NOT NULL,
  intent TEXT NOT NULL,
  urgency TEXT NOT NULL,
  post TEXT,
  category TEXT,
  district TEXT,
  village TEXT,
  language TEXT NOT NULL,
  flags TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  reporter_id INTEGER REFERENCES reporter (id)
) STRICT;
CREATE INDEX cases_state ON cases (state, post);
CREATE INDEX cases_reporter ON cases (reporter_id) WHERE reporter_id IS NOT NULL;

CREATE TABLE case_party (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  reporter_id INTEGER REFERENCES reporter (id),
  conversation_id INTEGER REFERENCES conversation (id),
  token_hash BLOB NOT NULL UNIQUE,
  sealed_token BLOB NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER
) STRICT;
CREATE INDEX case_party_case ON case_party (case_id);
CREATE INDEX case_party_reporter ON case_party (reporter_id) WHERE reporter_id IS NOT NULL;

CREATE TABLE case_event (
  case_id INTEGER NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  kind TEXT NOT NULL,
  source TEXT,
  target TEXT,
  sealed_data BLOB NOT NULL,
  PRIMARY KEY (case_id, seq)
) STRICT;

CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  inbox_id INTEGER UNIQUE REFERENCES inbox (id),
  case_id INTEGER REFERENCES cases (id),
  conversation_id INTEGER REFERENCES conversation (id),
  reporter_id INTEGER REFERENCES reporter (id),
  direction TEXT NOT NULL,
  at INTEGER NOT NULL,
  automatic INTEGER NOT NULL,
  sealed_body BLOB NOT NULL
) STRICT;
CREATE INDEX message_case ON message (case_id, id) WHERE case_id IS NOT NULL;
CREATE INDEX message_conversation ON message (conversation_id, id);

CREATE TABLE attachment (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES message (id),
  kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('stored', 'pending', 'lost', 'refused')),
  size INTEGER,
  name_hash TEXT,
  sealed_details BLOB NOT NULL
) STRICT;
CREATE INDEX attachment_message ON attachment (message_id);

CREATE TABLE finding (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  at INTEGER NOT NULL,
  step TEXT NOT NULL,
  field TEXT NOT NULL,
  confidence REAL NOT NULL,
  sealed_data BLOB NOT NULL
) STRICT;
CREATE INDEX finding_case ON finding (case_id);

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  delivery_id TEXT NOT NULL UNIQUE,
  send_key TEXT NOT NULL UNIQUE,
  case_id INTEGER REFERENCES cases (id),
  event_seq INTEGER,
  conversation_id INTEGER NOT NULL REFERENCES conversation (id),
  channel_id TEXT NOT NULL,
  template TEXT NOT NULL,
  sealed_values BLOB NOT NULL,
  sealed_text BLOB,
  urgent INTEGER NOT NULL,
  reply INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'held', 'sending', 'sent', 'uncertain', 'dead', 'cancelled')),
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  attempt_id TEXT,
  sending_until INTEGER,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  woken_at INTEGER,
  reason TEXT,
  heard TEXT NOT NULL DEFAULT 'pending'
) STRICT;
CREATE INDEX outbox_due ON outbox (due, id) WHERE state = 'queued';
CREATE INDEX outbox_urgent ON outbox (due, id) WHERE state = 'queued' AND urgent;
CREATE INDEX outbox_conversation ON outbox (conversation_id, id) WHERE state IN ('queued', 'sending', 'uncertain');
CREATE INDEX outbox_held ON outbox (conversation_id, id) WHERE state = 'held';
CREATE INDEX outbox_sending ON outbox (sending_until) WHERE state = 'sending';
CREATE INDEX outbox_stuck ON outbox (id) WHERE state IN ('uncertain', 'dead');
CREATE INDEX outbox_case ON outbox (case_id, id) WHERE case_id IS NOT NULL;

CREATE TABLE attempt (
  id TEXT PRIMARY KEY,
  outbox_id INTEGER NOT NULL REFERENCES outbox (id),
  channel_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  code TEXT,
  provider_message_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_outbox ON attempt (outbox_id);
CREATE UNIQUE INDEX attempt_provider ON attempt (channel_id, provider_message_id) WHERE provider_message_id IS NOT NULL;

CREATE TABLE receipt (
  id INTEGER PRIMARY KEY,
  channel_id TEXT NOT NULL,
  provider_message_id TEXT NOT NULL,
  outbox_id INTEGER REFERENCES outbox (id),
  state TEXT NOT NULL,
  raw_status TEXT NOT NULL,
  code TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (channel_id, provider_message_id, raw_status, code)
) STRICT;
CREATE INDEX receipt_outbox ON receipt (outbox_id) WHERE outbox_id IS NOT NULL;

CREATE TABLE timer (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  kind TEXT NOT NULL,
  instance TEXT NOT NULL,
  due INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'done')),
  woken_at INTEGER,
  UNIQUE (case_id, kind, instance)
) STRICT;
CREATE INDEX timer_due ON timer (due, id) WHERE state = 'queued';

CREATE TABLE rate (channel_id TEXT PRIMARY KEY, tat INTEGER NOT NULL) STRICT;

CREATE TABLE suppression (
  channel_id TEXT NOT NULL,
  address_hash BLOB NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (channel_id, address_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_log (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  what TEXT NOT NULL
) STRICT;
CREATE INDEX access_log_case ON access_log (case_id);
