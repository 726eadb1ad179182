-- A negative claim, with or without an order behind it.
CREATE TABLE orders.credit_note (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    channel_id uuid NOT NULL,
    account_id uuid,
    order_id uuid REFERENCES orders.sales_order (id),
    currency char(3) NOT NULL,
    reference text NOT NULL CHECK (char_length(reference) <= 100),
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX credit_note_newest ON orders.credit_note (issued_at DESC, id DESC);
CREATE INDEX credit_note_account ON orders.credit_note (account_id, issued_at DESC, id DESC) WHERE account_id IS NOT NULL;
CREATE INDEX credit_note_order ON orders.credit_note (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX credit_note_channel ON orders.credit_note (channel_id);

CREATE TABLE orders.credit_note_line (
    credit_note_id uuid NOT NULL REFERENCES orders.credit_note (id),
    position integer NOT NULL,
    label text NOT NULL,
    sku text,
    quantity_milli bigint NOT NULL CHECK (quantity_milli >= 0),
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    PRIMARY KEY (credit_note_id, position)
);

-- Goods given back against an order; each return has its credit note.
CREATE TABLE orders.order_return (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    order_id uuid NOT NULL REFERENCES orders.sales_order (id),
    position bigint GENERATED ALWAYS AS IDENTITY,
    credit_note_id uuid NOT NULL UNIQUE REFERENCES orders.credit_note (id),
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    restock text NOT NULL CHECK (restock IN ('on_hand', 'write_off')),
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    returned_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX order_return_order ON orders.order_return (order_id, position);

CREATE TABLE orders.order_return_line (
    return_id uuid NOT NULL REFERENCES orders.order_return (id),
    order_line_id uuid NOT NULL REFERENCES orders.order_line (id),
    quantity_milli bigint NOT NULL CHECK (quantity_milli > 0),
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    PRIMARY KEY (return_id, order_line_id)
);
CREATE INDEX order_return_line_order_line ON orders.order_return_line (order_line_id);
