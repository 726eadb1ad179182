-- Who did what to which subject. Written in the transaction of the change, never changed afterwards.
CREATE TABLE audit.entry (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    actor text NOT NULL,
    remote text,
    trace_id uuid NOT NULL,
    action text NOT NULL CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
    subject_kind text NOT NULL CHECK (subject_kind <> ''),
    subject_id uuid NOT NULL,
    account_id uuid,
    detail jsonb NOT NULL
);
CREATE INDEX entry_subject ON audit.entry (subject_id, id);
CREATE INDEX entry_account ON audit.entry (account_id, id) WHERE account_id IS NOT NULL;

CREATE FUNCTION audit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'audit.entry is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Per statement, so that a change is refused even when it meets no row.
CREATE TRIGGER entry_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
