-- What one unit of base is worth in target; the latest rate not in the future counts.
CREATE TABLE pricing.exchange_rate (
    id uuid PRIMARY KEY,
    base char(3) NOT NULL,
    target char(3) NOT NULL,
    rate numeric(18, 8) NOT NULL CHECK (rate > 0),
    effective_from timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (base <> target),
    UNIQUE (base, target, effective_from)
);
