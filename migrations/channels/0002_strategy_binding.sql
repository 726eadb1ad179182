-- Which plugin's entry point answers which extension point in which channel.
CREATE TABLE channels.strategy_binding (
    id uuid PRIMARY KEY,
    channel_id uuid NOT NULL REFERENCES channels.channel (id),
    point text NOT NULL CHECK (char_length(point) BETWEEN 1 AND 100),
    plugin text NOT NULL CHECK (char_length(plugin) BETWEEN 1 AND 100),
    entry_point text NOT NULL CHECK (char_length(entry_point) BETWEEN 1 AND 100),
    priority integer NOT NULL,
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (channel_id, point, plugin, entry_point)
);

-- One row. Every write to the bindings takes its lock and counts it up, so writers queue and replicas see a change.
CREATE TABLE channels.binding_revision (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    revision bigint NOT NULL CHECK (revision >= 0)
);
INSERT INTO channels.binding_revision (revision) VALUES (0);
