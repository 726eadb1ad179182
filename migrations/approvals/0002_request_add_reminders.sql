-- Time passes over requests that nobody decides.
ALTER TABLE approvals.request
    ADD COLUMN reminders integer NOT NULL DEFAULT 0 CHECK (reminders >= 0),
    ADD COLUMN reminded_at timestamptz,
    ADD COLUMN escalated_at timestamptz,
    DROP CONSTRAINT request_status_check,
    ADD CONSTRAINT request_status_check
        CHECK (status IN ('pending', 'approved', 'rejected', 'canceled', 'expired')),
    ADD CONSTRAINT request_reminded_check CHECK ((reminders > 0) = (reminded_at IS NOT NULL));
