-- Answers already given, by caller and key, written in the transaction of the effect. Kept for seven days.
CREATE TABLE events.idempotency (
    actor_key text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    parameters_hash bytea NOT NULL,
    answer jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor_key, key)
);
CREATE INDEX idempotency_created_at ON events.idempotency (created_at);
