CREATE TABLE approvals.request (
    id uuid PRIMARY KEY,
    channel_id uuid NOT NULL,
    cart_id uuid NOT NULL,
    cart_version bigint NOT NULL CHECK (cart_version > 0),
    grand_total_minor bigint NOT NULL,
    currency char(3) NOT NULL,
    line_count integer NOT NULL CHECK (line_count > 0),
    account_id uuid NOT NULL,
    location_id uuid NOT NULL,
    submitted_by uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'approved', 'rejected', 'canceled')),
    -- The strategy's plan, as it was when the request was opened.
    steps jsonb NOT NULL CHECK (jsonb_typeof(steps) = 'array' AND jsonb_array_length(steps) > 0),
    current_step integer NOT NULL CHECK (current_step BETWEEN 0 AND jsonb_array_length(steps)),
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((status = 'approved') = (current_step = jsonb_array_length(steps)))
);
-- One cart waits for one request at a time.
CREATE UNIQUE INDEX request_pending_cart ON approvals.request (cart_id) WHERE status = 'pending';
CREATE INDEX request_cart ON approvals.request (cart_id);
CREATE INDEX request_channel ON approvals.request (channel_id);
CREATE INDEX request_account ON approvals.request (account_id, id DESC);
CREATE INDEX request_location ON approvals.request (location_id);
CREATE INDEX request_submitted_by ON approvals.request (submitted_by, id DESC);
CREATE INDEX request_status ON approvals.request (status, id DESC);

CREATE TABLE approvals.decision (
    id uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES approvals.request (id),
    step integer NOT NULL CHECK (step >= 0),
    employee_id uuid NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('approve', 'reject')),
    note text NOT NULL CHECK (length(note) <= 2000),
    decided_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (request_id, step, employee_id)
);
CREATE INDEX decision_employee ON approvals.decision (employee_id);
