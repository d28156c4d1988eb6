-- Files are looked at on a clock of their own: `due` is when to ask for one or to look at it next, `reason` why it is not kept.

ALTER TABLE attachment ADD COLUMN due bigint;
ALTER TABLE attachment ADD COLUMN attempts bigint NOT NULL DEFAULT 0;
ALTER TABLE attachment ADD COLUMN reason text;
UPDATE attachment SET due = 0 WHERE state = 'pending';
CREATE INDEX attachment_due ON attachment (due) WHERE due IS NOT NULL;
