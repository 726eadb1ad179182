-- What carts hold for a while and orders have for good.
CREATE TABLE inventory.reservation (
    id uuid PRIMARY KEY,
    -- The cart or order.
    owner_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('HELD', 'CONFIRMED', 'RELEASED', 'EXPIRED')),
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((status = 'HELD') = (expires_at IS NOT NULL))
);
CREATE INDEX reservation_owner_id ON inventory.reservation (owner_id);
CREATE UNIQUE INDEX reservation_one_hold_per_owner ON inventory.reservation (owner_id) WHERE status = 'HELD';
CREATE INDEX reservation_due ON inventory.reservation (expires_at) WHERE status = 'HELD';

-- What a reservation keeps right now: what is given back or shipped has no line any more. Lines of held reservations add
-- up to the levels' reserved, lines of confirmed ones to allocated. Lines come with their reservation, or when a hold is
-- confirmed; later they only shrink and go, so whoever has waited for their locks has seen all of them.
CREATE TABLE inventory.reservation_line (
    id uuid PRIMARY KEY,
    reservation_id uuid NOT NULL REFERENCES inventory.reservation (id),
    variant_id uuid NOT NULL,
    -- That of a stock_level written with the line. NULL: backordered, in no warehouse yet.
    warehouse_id uuid,
    quantity_milli bigint NOT NULL CHECK (quantity_milli > 0),
    created_at timestamptz NOT NULL
);
CREATE INDEX reservation_line_reservation_id ON inventory.reservation_line (reservation_id);
CREATE INDEX reservation_line_variant_id ON inventory.reservation_line (variant_id);
CREATE INDEX reservation_line_warehouse_id ON inventory.reservation_line (warehouse_id);
