-- The outbox becomes a log that several readers follow, and that empties itself without dead rows: a ring of 32 slots of a
-- day each. A slot is truncated as a whole when its day is behind the retention and all readers are past it. The ring
-- needs nobody to make partitions ahead of time; a slot that was not emptied in time is simply used once more.
CREATE SEQUENCE events.outbox_position AS bigint;
ALTER TABLE events.outbox RENAME TO outbox_before;
ALTER INDEX events.outbox_reading_order RENAME TO outbox_before_reading_order;
ALTER INDEX events.outbox_pkey RENAME TO outbox_before_pkey;

-- Facts on their way out of the platform, written in the transaction that made them true; beside them, when there is no
-- broker, what other systems sent in (aggregate_kind 'foreign', the sender's key in record_key).
--
-- Read lane by lane, in the order (transaction_id, position) and only below pg_snapshot_xmin(pg_current_snapshot()): no row
-- can appear behind a reader any more there. transaction_id is the writer's own id or that of the aggregate's event before
-- it, whichever is later, so that this order is also the order of sequences within each aggregate. Sequences are unique by
-- the lock on events.aggregate_sequence.
CREATE TABLE events.outbox (
    id uuid NOT NULL,
    position bigint NOT NULL DEFAULT nextval('events.outbox_position'),
    transaction_id xid8 NOT NULL,
    event_type text NOT NULL,
    topic text NOT NULL,
    aggregate_kind text NOT NULL,
    aggregate_id uuid NOT NULL,
    record_key text,
    sequence bigint NOT NULL CHECK (sequence > 0),
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    trace_id uuid NOT NULL,
    -- All events of an aggregate are in one lane; readers of one name share the lanes.
    lane smallint NOT NULL GENERATED ALWAYS AS (get_byte(uuid_send(aggregate_id), 15) & 3) STORED,
    slot smallint NOT NULL DEFAULT (extract(epoch FROM now())::bigint / 86400 % 32)
) PARTITION BY LIST (slot);
ALTER SEQUENCE events.outbox_position OWNED BY events.outbox.position;

DO $$
BEGIN
    FOR slot IN 0..31 LOOP
        EXECUTE format('CREATE TABLE events.outbox_slot_%1$s PARTITION OF events.outbox FOR VALUES IN (%1$s)', slot);
    END LOOP;
END
$$;
CREATE INDEX outbox_id ON events.outbox (id);
CREATE INDEX outbox_reading_order ON events.outbox (lane, transaction_id, position);

DO $$
BEGIN
    PERFORM setval('events.outbox_position', (SELECT COALESCE(MAX(position), 0) + 1 FROM events.outbox_before), false);
END
$$;
INSERT INTO events.outbox
    (id, position, transaction_id, event_type, topic, aggregate_kind, aggregate_id, sequence, payload, occurred_at, trace_id)
SELECT id, position, transaction_id, event_type, topic, aggregate_kind, aggregate_id, sequence, payload, occurred_at, trace_id
FROM events.outbox_before;
DROP TABLE events.outbox_before;

-- How far each reader has come in each lane. The fence rises with each new leader of the lane; only the leader with the
-- present fence reads and moves.
CREATE TABLE events.reader (
    name text NOT NULL,
    lane smallint NOT NULL,
    fence bigint NOT NULL,
    transaction_id xid8 NOT NULL,
    position bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, lane)
) WITH (fillfactor = 50);

-- What a consumer (or the relay) could not take in, with the reason; everything behind it went on.
CREATE TABLE events.dead_letter (
    id uuid PRIMARY KEY,
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    record_key text NOT NULL,
    headers jsonb NOT NULL,
    payload bytea NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL CHECK (attempts > 0),
    created_at timestamptz NOT NULL,
    UNIQUE (consumer, event_id)
);
CREATE INDEX dead_letter_created_at ON events.dead_letter (created_at, id);

-- The last sequence taken from each source of a feed, by what it is about: older news change nothing.
CREATE TABLE events.feed_position (
    feed text NOT NULL,
    source text NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (feed, source, key)
);

CREATE INDEX inbox_claimed_at ON events.inbox (claimed_at);
