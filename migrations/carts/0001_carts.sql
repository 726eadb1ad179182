CREATE TABLE carts.cart (
    id uuid PRIMARY KEY,
    channel_id uuid NOT NULL,
    guest_hash text,
    customer_id uuid,
    account_id uuid,
    location_id uuid,
    employee_id uuid,
    -- The owner in one word, for "mine".
    owner_key text NOT NULL GENERATED ALWAYS AS (
        COALESCE('guest:' || guest_hash, 'customer:' || customer_id::text, 'employee:' || employee_id::text)
    ) STORED,
    -- Made by a first line rather than on request. Two first lines that arrive together meet in one cart.
    is_implicit boolean NOT NULL,
    currency char(3) NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'submitted', 'blocked', 'placed')),
    version bigint NOT NULL CHECK (version > 0),
    next_position integer NOT NULL CHECK (next_position > 0),
    po_number text NOT NULL CHECK (length(po_number) <= 100),
    note text NOT NULL CHECK (length(note) <= 2000),
    shipping_address jsonb,
    billing_address jsonb,
    approval_request_id uuid,
    order_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (num_nonnulls(guest_hash, customer_id, employee_id) = 1),
    CHECK (num_nonnulls(account_id, location_id, employee_id) IN (0, 3)),
    CHECK ((status = 'placed') = (order_id IS NOT NULL)),
    CHECK (status NOT IN ('submitted', 'blocked') OR approval_request_id IS NOT NULL)
);
CREATE UNIQUE INDEX cart_open_implicit ON carts.cart (channel_id, owner_key) WHERE status = 'open' AND is_implicit;
CREATE INDEX cart_open ON carts.cart (channel_id, owner_key, created_at DESC, id DESC) WHERE status = 'open';
CREATE INDEX cart_account ON carts.cart (account_id, created_at DESC) WHERE account_id IS NOT NULL;
CREATE INDEX cart_location ON carts.cart (location_id) WHERE location_id IS NOT NULL;
CREATE INDEX cart_employee ON carts.cart (employee_id) WHERE employee_id IS NOT NULL;
CREATE INDEX cart_customer ON carts.cart (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX cart_approval_request ON carts.cart (approval_request_id) WHERE approval_request_id IS NOT NULL;
CREATE UNIQUE INDEX cart_order ON carts.cart (order_id) WHERE order_id IS NOT NULL;

-- No REFERENCES to the cart: lines are only written behind the conditional UPDATE of their cart, carts are never deleted,
-- and a check per line would be ten thousand statements for a large cart.
CREATE TABLE carts.cart_line (
    id uuid PRIMARY KEY,
    cart_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    variant_id uuid NOT NULL,
    quantity_milli bigint NOT NULL CHECK (quantity_milli > 0),
    package_slug text,
    package_multiplier_milli bigint CHECK (package_multiplier_milli > 0),
    shown_unit_price numeric(19, 6) NOT NULL CHECK (shown_unit_price >= 0),
    override_unit_price numeric(19, 6) CHECK (override_unit_price >= 0),
    override_reason text CHECK (length(override_reason) BETWEEN 1 AND 500),
    override_login_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (cart_id, position),
    CHECK ((package_slug IS NULL) = (package_multiplier_milli IS NULL)),
    CHECK ((override_unit_price IS NULL) = (override_reason IS NULL)),
    CHECK (override_login_id IS NULL OR override_unit_price IS NOT NULL)
);
CREATE INDEX cart_line_variant ON carts.cart_line (variant_id);
CREATE INDEX cart_line_override_login ON carts.cart_line (override_login_id) WHERE override_login_id IS NOT NULL;
