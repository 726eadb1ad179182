-- The last sequence given to each aggregate. Its row is locked from append to commit, so events of one aggregate commit
-- in the order of their sequences.
CREATE TABLE events.aggregate_sequence (
    aggregate_id uuid NOT NULL,
    aggregate_kind text NOT NULL,
    last_sequence bigint NOT NULL CHECK (last_sequence > 0),
    last_transaction_id xid8 NOT NULL,
    PRIMARY KEY (aggregate_id, aggregate_kind)
);

-- Facts on their way out of the platform, written in the transaction that made them true.
--
-- Read in the order (transaction_id, position) and only below pg_snapshot_xmin(pg_current_snapshot()): no row can appear
-- behind a reader any more there. transaction_id is the writer's own id or that of the aggregate's event before it,
-- whichever is later, so that this order is also the order of sequences within each aggregate.
CREATE TABLE events.outbox (
    id uuid PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY,
    transaction_id xid8 NOT NULL,
    event_type text NOT NULL,
    topic text NOT NULL,
    aggregate_kind text NOT NULL,
    aggregate_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    trace_id uuid NOT NULL,
    published_at timestamptz,
    UNIQUE (aggregate_id, aggregate_kind, sequence)
);
CREATE UNIQUE INDEX outbox_reading_order ON events.outbox (transaction_id, position);

-- What each consumer has already taken in: the effect of an event and its row here commit together.
CREATE TABLE events.inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
