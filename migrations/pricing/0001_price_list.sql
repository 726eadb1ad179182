-- Named sets of prices.
CREATE TABLE pricing.price_list (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT price_list_name_key UNIQUE CHECK (char_length(name) BETWEEN 1 AND 200),
    currency char(3) NOT NULL,
    priority integer NOT NULL,
    valid_from timestamptz,
    valid_to timestamptz,
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (valid_from < valid_to)
);

-- Who a list is for: one row per channel, group, account or location.
CREATE TABLE pricing.price_list_audience (
    price_list_id uuid NOT NULL REFERENCES pricing.price_list (id),
    kind text NOT NULL CHECK (kind IN ('channel', 'group', 'account', 'location')),
    audience_id uuid NOT NULL,
    PRIMARY KEY (price_list_id, kind, audience_id)
);
CREATE INDEX price_list_audience_buyer ON pricing.price_list_audience (audience_id, kind, price_list_id);

-- One row per variant and minimum quantity. A quote knows its few lists and looks into each for all its variants at once,
-- so the key begins with the list; the price rides in the index, so that a quote need not visit the table.
CREATE TABLE pricing.price_tier (
    price_list_id uuid NOT NULL REFERENCES pricing.price_list (id),
    variant_id uuid NOT NULL,
    min_quantity_milli bigint NOT NULL CHECK (min_quantity_milli >= 0),
    unit_price numeric(19, 6) NOT NULL CHECK (unit_price >= 0),
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX price_tier_key ON pricing.price_tier (price_list_id, variant_id, min_quantity_milli)
    INCLUDE (unit_price);
CREATE INDEX price_tier_variant ON pricing.price_tier (variant_id, price_list_id);
