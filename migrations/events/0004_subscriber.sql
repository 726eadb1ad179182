-- Who is told of events beside the platform's own consumers: the subscriptions of plugins. Place, inbox and dead letters are kept
-- under `reader`. Nobody waits for one that was not served for as long as events are kept.
CREATE TABLE events.subscriber (
    reader text PRIMARY KEY,
    -- What became true before is not told; NULL tells all that the log has.
    since timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    served_at timestamptz NOT NULL DEFAULT now(),
    last_failure text,
    failed_at timestamptz
);
