-- Selling surfaces.
CREATE TABLE channels.channel (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT channel_slug_key UNIQUE CHECK (slug ~ '^[a-z0-9-]{1,60}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    mode text NOT NULL CHECK (mode IN ('b2b', 'retail', 'hybrid')),
    currency char(3) NOT NULL,
    currencies char(3)[] NOT NULL CHECK (currency = ANY (currencies)),
    time_zone text NOT NULL CHECK (time_zone <> ''),
    prices_include_tax boolean NOT NULL,
    guest_checkout boolean NOT NULL,
    is_active boolean NOT NULL,
    -- Stock sources, first is asked first.
    warehouse_ids uuid[] NOT NULL,
    country char(2) NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (mode <> 'b2b' OR NOT guest_checkout)
);
