-- Clocks: when the earliest that runs is due, the day a reporter was told, one wake-up for each open case, and what quiet
-- hours hold back.

ALTER TABLE cases ADD COLUMN due_at INTEGER;
CREATE INDEX cases_due ON cases (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE case_event ADD COLUMN promised INTEGER;

CREATE INDEX outbox_quiet ON outbox (due, id) WHERE state = 'held' AND reason = 'quiet_hours';

INSERT INTO timer (case_id, kind, instance, due, state)
SELECT id, 'clock', '', 0, 'queued' FROM cases WHERE state NOT IN ('duplicate', 'withdrawn', 'closed', 'rejected_spam');
