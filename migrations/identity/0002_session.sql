-- One sign-in. It ends when it expires or is revoked, and its access tokens with it.
CREATE TABLE identity.session (
    id uuid PRIMARY KEY,
    login_id uuid NOT NULL REFERENCES identity.login (id),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX session_login ON identity.session (login_id);

-- The chain of a session's refresh tokens: SHA-256 of each, never the token. Used ones are kept as long as the session,
-- because a second use betrays a theft.
CREATE TABLE identity.refresh_token (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    session_id uuid NOT NULL REFERENCES identity.session (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX refresh_token_session ON identity.refresh_token (session_id);
-- A session has one token that is good.
CREATE UNIQUE INDEX refresh_token_unused ON identity.refresh_token (session_id) WHERE used_at IS NULL;

-- Keys that sign access tokens, shared by all replicas. The newest whose time has come signs.
CREATE TABLE identity.signing_key (
    id uuid PRIMARY KEY,
    -- The 32 bytes of an Ed25519 private key.
    private_key bytea NOT NULL CHECK (length(private_key) = 32),
    signs_from timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX signing_key_signs_from ON identity.signing_key (signs_from);
