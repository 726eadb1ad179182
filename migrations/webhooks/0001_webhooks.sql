-- Addresses that events are told to.
CREATE TABLE webhooks.endpoint (
    id uuid PRIMARY KEY,
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2000),
    description text NOT NULL CHECK (char_length(description) <= 200),
    event_types text[] NOT NULL CHECK (cardinality(event_types) BETWEEN 1 AND 50),
    channel_id uuid,
    -- Why nothing is told; null while it is enabled.
    disabled_reason text CHECK (char_length(disabled_reason) BETWEEN 1 AND 500),
    -- The secret is derived from a signing key, the id and this number; it is not stored.
    key_id text NOT NULL,
    generation integer NOT NULL CHECK (generation > 0),
    previous_key_id text,
    previous_until timestamptz,
    failing_since timestamptz,
    consecutive_failures integer NOT NULL CHECK (consecutive_failures >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((previous_key_id IS NULL) = (previous_until IS NULL)),
    CHECK ((consecutive_failures = 0) = (failing_since IS NULL))
);
CREATE INDEX endpoint_channel_id ON webhooks.endpoint (channel_id) WHERE channel_id IS NOT NULL;

-- Events as they are sent, once however many are told.
CREATE TABLE webhooks.event (
    id uuid PRIMARY KEY,
    event_type text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX event_created_at ON webhooks.event (created_at);

-- One event for one endpoint: queue and log. A delivery that is being attempted waits for the end of its lease; whoever claims it
-- raises the fence.
CREATE TABLE webhooks.delivery (
    id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhooks.endpoint (id) ON DELETE CASCADE,
    event_id uuid NOT NULL REFERENCES webhooks.event (id),
    status text NOT NULL CHECK (status IN ('waiting', 'delivered', 'failed')),
    attempts integer NOT NULL CHECK (attempts >= 0),
    fence bigint NOT NULL CHECK (fence >= 0),
    next_attempt_at timestamptz,
    status_code integer,
    error text,
    duration_ms integer,
    response text,
    created_at timestamptz NOT NULL,
    attempted_at timestamptz,
    CHECK ((status = 'waiting') = (next_attempt_at IS NOT NULL)),
    UNIQUE (endpoint_id, event_id)
);
CREATE INDEX delivery_due ON webhooks.delivery (endpoint_id, next_attempt_at, id) WHERE status = 'waiting';
CREATE INDEX delivery_newest ON webhooks.delivery (endpoint_id, id);
CREATE INDEX delivery_event_id ON webhooks.delivery (event_id);
CREATE INDEX delivery_created_at ON webhooks.delivery (created_at);

-- What secrets are derived from when the operator names no key file.
CREATE TABLE webhooks.signing_key (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    created_at timestamptz NOT NULL
);
