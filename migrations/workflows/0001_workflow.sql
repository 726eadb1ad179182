-- One run of a process from its beginning to its end. What it is about stays in the modules; here is how far it is.
CREATE TABLE workflows.instance (
    id uuid PRIMARY KEY,
    process text NOT NULL,
    -- The business id: one instance of a process for each, for ever.
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    -- Of the definition it began with; NULL while it is only awaited.
    version integer CHECK (version > 0),
    status text NOT NULL CHECK (status IN ('awaited', 'running', 'broken', 'completed', 'canceled')),
    state jsonb NOT NULL,
    -- How much has happened to it: the number of its last step.
    sequence bigint NOT NULL CHECK (sequence >= 0),
    outcome text,
    -- When it is to be looked at: something has happened to it, or a timer is due. NULL: nothing to do.
    wake_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (process, key),
    CHECK ((status = 'completed') = (outcome IS NOT NULL)),
    CHECK (version IS NOT NULL OR status IN ('awaited', 'canceled')),
    CHECK (wake_at IS NULL OR status = 'running')
);
CREATE INDEX instance_wake ON workflows.instance (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX instance_status ON workflows.instance (status, id DESC);
CREATE INDEX instance_ended ON workflows.instance (updated_at)
    WHERE status IN ('awaited', 'completed', 'canceled');

-- What an instance has still to take in, and what it took in: an id comes once.
CREATE TABLE workflows.message (
    instance_id uuid NOT NULL REFERENCES workflows.instance (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    happening jsonb NOT NULL,
    taken_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, id)
);
CREATE INDEX message_waiting ON workflows.message (instance_id, number) WHERE taken_at IS NULL;

CREATE TABLE workflows.timer (
    instance_id uuid NOT NULL REFERENCES workflows.instance (id) ON DELETE CASCADE,
    name text NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, name)
);

-- Runs of activities.
CREATE TABLE workflows.run (
    id uuid PRIMARY KEY,
    instance_id uuid NOT NULL REFERENCES workflows.instance (id) ON DELETE CASCADE,
    key text NOT NULL,
    activity text NOT NULL,
    input jsonb NOT NULL,
    retry jsonb NOT NULL,
    status text NOT NULL
        CHECK (status IN ('due', 'running', 'done', 'refused', 'skipped', 'faulted', 'canceled')),
    attempts integer NOT NULL CHECK (attempts >= 0),
    -- How often it may still be begun before it is a fault.
    tries_left integer NOT NULL CHECK (tries_left >= 0),
    -- When it is to be begun; of a running one, when its worker is taken for gone. NULL when there is nothing left to do.
    due_at timestamptz,
    -- Counted up with each claim: only the last claimer's word counts.
    fence bigint NOT NULL,
    last_error text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (instance_id, key),
    CHECK ((due_at IS NOT NULL) = (status IN ('due', 'running')))
);
CREATE INDEX run_due ON workflows.run (due_at) WHERE due_at IS NOT NULL;

-- What happened, one row each, with what it led to: enough to decide it all once more.
CREATE TABLE workflows.step (
    instance_id uuid NOT NULL REFERENCES workflows.instance (id) ON DELETE CASCADE,
    sequence bigint NOT NULL CHECK (sequence > 0),
    at timestamptz NOT NULL,
    happening jsonb NOT NULL,
    commands jsonb NOT NULL,
    PRIMARY KEY (instance_id, sequence)
);

-- What failed for good and waits for staff.
CREATE TABLE workflows.fault (
    id uuid PRIMARY KEY,
    instance_id uuid NOT NULL REFERENCES workflows.instance (id) ON DELETE CASCADE,
    -- NULL: the definition itself failed.
    run_id uuid REFERENCES workflows.run (id) ON DELETE CASCADE,
    reason text NOT NULL,
    attempts integer NOT NULL CHECK (attempts >= 0),
    status text NOT NULL CHECK (status IN ('open', 'retried', 'skipped', 'closed')),
    note text NOT NULL CHECK (length(note) <= 2000),
    created_at timestamptz NOT NULL,
    resolved_at timestamptz,
    CHECK ((status = 'open') = (resolved_at IS NULL))
);
CREATE INDEX fault_instance ON workflows.fault (instance_id);
CREATE INDEX fault_run ON workflows.fault (run_id);
CREATE INDEX fault_status ON workflows.fault (status, id DESC);
