-- How far each channel's provider was asked for messages whose webhook never came, when it is asked again, what it found.

CREATE TABLE recovery (
  channel_id TEXT PRIMARY KEY,
  reached BIGINT NOT NULL,
  due BIGINT NOT NULL,
  found BIGINT NOT NULL DEFAULT 0,
  looked_at BIGINT
);
