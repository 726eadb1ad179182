-- Work of plugins at times of their own: when it is due, who does it, what came of it.
CREATE TABLE extensions.schedule (
    id uuid PRIMARY KEY,
    plugin text NOT NULL CHECK (plugin ~ '^[a-z][a-z0-9-]*$'),
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]*$'),
    -- Null for the whole shop.
    channel_id uuid,
    task text NOT NULL,
    timing text NOT NULL,
    description text NOT NULL,
    -- When the next attempt begins, and the time it is for, which an attempt after a failure keeps.
    due_at timestamptz NOT NULL,
    slot_at timestamptz,
    -- Of the run under way, or of the last one that failed and is attempted again; 0 when there is none.
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    is_late boolean NOT NULL DEFAULT FALSE,
    -- Staff asked for a run, which a pause does not hold back.
    is_asked boolean NOT NULL DEFAULT FALSE,
    paused_at timestamptz,
    -- Who does it: for so long, in this run. A process with an earlier fence has lost it.
    leased_until timestamptz,
    run_id uuid,
    fence bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT schedule_place UNIQUE NULLS NOT DISTINCT (plugin, name, channel_id),
    CHECK ((leased_until IS NULL) = (run_id IS NULL))
);
CREATE INDEX schedule_due ON extensions.schedule (due_at);

-- One attempt each; the newest are kept.
CREATE TABLE extensions.schedule_run (
    id uuid PRIMARY KEY,
    schedule_id uuid NOT NULL REFERENCES extensions.schedule (id),
    slot_at timestamptz NOT NULL,
    attempt integer NOT NULL CHECK (attempt >= 1),
    is_late boolean NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('running', 'succeeded', 'retried', 'failed')),
    count bigint CHECK (count >= 0),
    summary text,
    error text,
    replica text NOT NULL,
    version text NOT NULL,
    sha256 text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((ended_at IS NULL) = (outcome = 'running'))
);
CREATE INDEX schedule_run_of ON extensions.schedule_run (schedule_id, id DESC);
