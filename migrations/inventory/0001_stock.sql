-- Places that hold stock.
CREATE TABLE inventory.warehouse (
    id uuid PRIMARY KEY,
    code text NOT NULL CONSTRAINT warehouse_code_key UNIQUE CHECK (code ~ '^[A-Z0-9-]{1,50}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    country char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    is_active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Stock of a variant in a warehouse; no row is no stock. Rows are locked in the order of the primary key, always, and
-- never deleted. The checks are the last wall against overselling; the decisions before them are made under the locks.
CREATE TABLE inventory.stock_level (
    variant_id uuid NOT NULL,
    warehouse_id uuid NOT NULL REFERENCES inventory.warehouse (id),
    on_hand_milli bigint NOT NULL CHECK (on_hand_milli >= 0),
    reserved_milli bigint NOT NULL CHECK (reserved_milli >= 0),
    allocated_milli bigint NOT NULL CHECK (allocated_milli >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (variant_id, warehouse_id),
    CONSTRAINT stock_level_not_oversold CHECK (on_hand_milli - reserved_milli - allocated_milli >= 0)
) WITH (fillfactor = 80);
CREATE INDEX stock_level_warehouse_id ON inventory.stock_level (warehouse_id);

-- The ledger: at every moment the deltas of a variant in a warehouse add up to its level's on_hand and allocated. The
-- warehouse is that of a stock_level written with the line; a second foreign key would only make all orders share a lock.
CREATE TABLE inventory.stock_movement (
    id uuid PRIMARY KEY,
    variant_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('adjusted', 'allocated', 'released', 'shipped', 'returned')),
    on_hand_delta_milli bigint NOT NULL,
    allocated_delta_milli bigint NOT NULL,
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL,
    CHECK (on_hand_delta_milli <> 0 OR allocated_delta_milli <> 0)
);
CREATE INDEX stock_movement_variant_id ON inventory.stock_movement (variant_id, id);
CREATE INDEX stock_movement_warehouse_id ON inventory.stock_movement (warehouse_id);

CREATE FUNCTION inventory.refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the stock ledger is append-only' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER stock_movement_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory.stock_movement
    FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_ledger_change();
