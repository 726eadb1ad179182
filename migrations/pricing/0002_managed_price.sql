-- Prices set by hand on variants, in one channel or (without channel_id) everywhere.
CREATE TABLE pricing.managed_price (
    id uuid PRIMARY KEY,
    variant_id uuid NOT NULL,
    channel_id uuid,
    currency char(3) NOT NULL,
    unit_price numeric(19, 6) NOT NULL CHECK (unit_price >= 0),
    valid_from timestamptz,
    valid_to timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (valid_from < valid_to),
    UNIQUE NULLS NOT DISTINCT (variant_id, channel_id, currency)
);
CREATE INDEX managed_price_channel ON pricing.managed_price (channel_id);
