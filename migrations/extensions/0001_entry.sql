-- What a plugin keeps: values by key, of each plugin apart.
CREATE TABLE extensions.entry (
    plugin text NOT NULL CHECK (plugin ~ '^[a-z][a-z0-9-]*$'),
    key text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 256),
    value bytea NOT NULL CHECK (octet_length(value) <= 65536),
    -- Not seen from then on; taken out by the next sweep.
    expires_at timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (plugin, key)
);
CREATE INDEX entry_expiry ON extensions.entry (expires_at) WHERE expires_at IS NOT NULL;

-- How much each plugin keeps. Its row is locked by whoever changes its entries, so that two of them cannot both take the last
-- place.
CREATE TABLE extensions.usage (
    plugin text PRIMARY KEY,
    entries bigint NOT NULL CHECK (entries BETWEEN 0 AND 10000),
    bytes bigint NOT NULL CHECK (bytes BETWEEN 0 AND 16777216)
);
