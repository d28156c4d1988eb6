-- How far each channel's provider was asked for messages whose webhook never came, when it is asked again, what it found.

CREATE TABLE recovery (
  channel_id TEXT PRIMARY KEY,
  reached INTEGER NOT NULL,
  due INTEGER NOT NULL,
  found INTEGER NOT NULL DEFAULT 0,
  looked_at INTEGER
) STRICT;
