-- The mailbox named in an organization's agreement: it is told when the partner owes an answer and its own channel is silent.
ALTER TABLE organizations ADD COLUMN contact text;
