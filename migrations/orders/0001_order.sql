-- Numbers for people. Gaps are fine: a number drawn by a placement that failed is not used again.
CREATE SEQUENCE orders.order_number START WITH 100001;
CREATE SEQUENCE orders.return_number START WITH 100001;
CREATE SEQUENCE orders.credit_note_number START WITH 100001;

-- A placed order. Its states are data of the order process, so `state` has no CHECK.
CREATE TABLE orders.sales_order (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    channel_id uuid NOT NULL,
    cart_id uuid NOT NULL CONSTRAINT sales_order_once_per_cart UNIQUE,
    approval_request_id uuid,
    account_id uuid,
    location_id uuid,
    employee_id uuid,
    customer_id uuid,
    guest_key text,
    currency char(3) NOT NULL,
    process text NOT NULL,
    state text NOT NULL CHECK (state <> ''),
    po_number text NOT NULL,
    note text NOT NULL,
    payment_terms text NOT NULL,
    shipping_address jsonb,
    billing_address jsonb,
    prices_include_tax boolean NOT NULL,
    line_count integer NOT NULL CHECK (line_count > 0),
    lines_net_minor bigint NOT NULL,
    charges_net_minor bigint NOT NULL DEFAULT 0,
    tax_total_minor bigint NOT NULL,
    grand_total_minor bigint NOT NULL CHECK (grand_total_minor >= 0),
    paid_minor bigint NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
    credited_minor bigint NOT NULL DEFAULT 0 CHECK (credited_minor >= 0),
    -- What was done to its stock and credit; tells edits and returns what to move along.
    stock text NOT NULL CHECK (stock IN ('untouched', 'allocated', 'shipped', 'released')),
    credit_held_minor bigint NOT NULL DEFAULT 0 CHECK (credit_held_minor >= 0),
    placed_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT sales_order_totals_add_up
        CHECK (grand_total_minor = lines_net_minor + charges_net_minor + tax_total_minor),
    CONSTRAINT sales_order_has_one_buyer CHECK (
        num_nonnulls(employee_id, customer_id, guest_key) = 1
        AND (employee_id IS NULL) = (account_id IS NULL)
        AND (employee_id IS NULL) = (location_id IS NULL)
    )
);
CREATE INDEX sales_order_newest ON orders.sales_order (placed_at DESC, id DESC);
CREATE INDEX sales_order_channel ON orders.sales_order (channel_id, placed_at DESC, id DESC);
CREATE INDEX sales_order_account ON orders.sales_order (account_id, placed_at DESC, id DESC) WHERE account_id IS NOT NULL;
CREATE INDEX sales_order_employee ON orders.sales_order (employee_id, placed_at DESC, id DESC) WHERE employee_id IS NOT NULL;
CREATE INDEX sales_order_location ON orders.sales_order (location_id) WHERE location_id IS NOT NULL;
CREATE INDEX sales_order_customer ON orders.sales_order (customer_id, placed_at DESC, id DESC) WHERE customer_id IS NOT NULL;
CREATE INDEX sales_order_guest ON orders.sales_order (guest_key) WHERE guest_key IS NOT NULL;
CREATE INDEX sales_order_approval_request ON orders.sales_order (approval_request_id) WHERE approval_request_id IS NOT NULL;
CREATE INDEX sales_order_state ON orders.sales_order (state, placed_at DESC, id DESC);
CREATE INDEX sales_order_po_number ON orders.sales_order (po_number) WHERE po_number <> '';

-- A line, frozen with what mattered of its variant. Amounts are in the order's currency.
CREATE TABLE orders.order_line (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders.sales_order (id),
    position integer NOT NULL,
    variant_id uuid NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    tax_category text NOT NULL,
    precision smallint NOT NULL CHECK (precision BETWEEN 0 AND 3),
    is_stocked boolean NOT NULL,
    allows_backorder boolean NOT NULL,
    quantity_milli bigint NOT NULL CHECK (quantity_milli > 0),
    package_slug text,
    package_multiplier_milli bigint CHECK (package_multiplier_milli > 0),
    unit_price numeric(19, 6) NOT NULL CHECK (unit_price >= 0),
    list_unit_price numeric(19, 6),
    override_reason text,
    override_by uuid,
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    gross_minor bigint NOT NULL,
    returned_milli bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (order_id, position),
    CONSTRAINT order_line_amounts_add_up CHECK (gross_minor = net_minor + tax_minor),
    CONSTRAINT order_line_returned_of_bought CHECK (returned_milli BETWEEN 0 AND quantity_milli),
    CONSTRAINT order_line_package_whole CHECK ((package_slug IS NULL) = (package_multiplier_milli IS NULL)),
    CONSTRAINT order_line_override_reasoned CHECK (override_by IS NULL OR override_reason IS NOT NULL)
);
CREATE INDEX order_line_variant ON orders.order_line (variant_id);

-- Taxes of a line by kind; they add up to the line's tax.
CREATE TABLE orders.order_line_tax (
    order_line_id uuid NOT NULL REFERENCES orders.order_line (id) ON DELETE CASCADE,
    ordinal integer NOT NULL,
    name text NOT NULL,
    jurisdiction text NOT NULL,
    rate_ppm bigint NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (order_line_id, ordinal)
);

-- Amounts that are not goods.
CREATE TABLE orders.order_charge (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders.sales_order (id),
    position bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('shipping', 'handling', 'discount', 'fee', 'manual')),
    label text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 200),
    tax_category text,
    net_minor bigint NOT NULL CHECK (net_minor >= 0 OR kind IN ('discount', 'manual')),
    tax_minor bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX order_charge_order ON orders.order_charge (order_id, position);

-- What happened, by whom. Append-only.
CREATE TABLE orders.order_history (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders.sales_order (id),
    position bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('placed', 'transition', 'edited', 'charged', 'returned', 'credited')),
    from_state text NOT NULL,
    to_state text NOT NULL,
    note text NOT NULL
);
CREATE INDEX order_history_order ON orders.order_history (order_id, position);

-- How much of a capped variant a customer has bought on which day of the channel's calendar.
CREATE TABLE orders.quantity_usage (
    order_id uuid NOT NULL REFERENCES orders.sales_order (id),
    variant_id uuid NOT NULL,
    customer_key text NOT NULL,
    used_on date NOT NULL,
    quantity_milli bigint NOT NULL CHECK (quantity_milli >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, variant_id)
);
CREATE INDEX quantity_usage_window ON orders.quantity_usage (customer_key, variant_id, used_on);
