-- Why somebody looked (sealed), and the keyed hash by which the same file is known again in another case.

ALTER TABLE access_log ADD COLUMN sealed_reason BLOB;
ALTER TABLE attachment ADD COLUMN mark BLOB;
CREATE INDEX attachment_mark ON attachment (mark) WHERE mark IS NOT NULL;
