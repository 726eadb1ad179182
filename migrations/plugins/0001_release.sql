-- Which version of a plugin is in force. Plugins without a row run as their file lies in the plugins folder.
CREATE TABLE plugins.release (
    id uuid PRIMARY KEY,
    plugin text NOT NULL UNIQUE CHECK (char_length(plugin) BETWEEN 1 AND 100),
    version text NOT NULL CHECK (char_length(version) BETWEEN 1 AND 100),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- What a rollback goes back to.
    previous_version text CHECK (char_length(previous_version) BETWEEN 1 AND 100),
    previous_sha256 text CHECK (previous_sha256 ~ '^[0-9a-f]{64}$'),
    is_enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((previous_version IS NULL) = (previous_sha256 IS NULL))
);

-- One row. Every write to the releases counts it up from the revision it has seen, so that writers never overwrite what
-- they do not know, and replicas see a change.
CREATE TABLE plugins.release_revision (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    revision bigint NOT NULL CHECK (revision >= 0)
);
INSERT INTO plugins.release_revision (revision) VALUES (0);

-- What each process says it runs. Rows of processes that stopped reporting are removed by the others.
CREATE TABLE plugins.replica (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    revision bigint NOT NULL,
    running jsonb NOT NULL,
    reported_at timestamptz NOT NULL
);
