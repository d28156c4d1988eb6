-- All that was sent in a conversation, and all that a reporter wrote: asked for where somebody is told that an answer
-- waits, and where a reporter is erased.

CREATE INDEX outbox_told ON outbox (conversation_id, id);
CREATE INDEX message_reporter ON message (reporter_id) WHERE reporter_id IS NOT NULL;
CREATE INDEX reporter_identity_of ON reporter_identity (reporter_id);
