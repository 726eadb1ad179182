-- What is bought.
CREATE TABLE products.variant (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products.product (id),
    sku text NOT NULL CONSTRAINT variant_sku_key UNIQUE CHECK (char_length(sku) BETWEEN 1 AND 100),
    name text NOT NULL CHECK (char_length(name) <= 500),
    -- Decimal places a quantity may have.
    quantity_precision smallint NOT NULL CHECK (quantity_precision BETWEEN 0 AND 3),
    min_quantity_milli bigint CHECK (min_quantity_milli > 0),
    max_quantity_milli bigint CHECK (max_quantity_milli > 0),
    step_quantity_milli bigint CHECK (step_quantity_milli > 0),
    max_per_customer_30_days_milli bigint CHECK (max_per_customer_30_days_milli > 0),
    is_stocked boolean NOT NULL,
    allows_backorder boolean NOT NULL,
    weight_g bigint NOT NULL CHECK (weight_g >= 0),
    is_active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (min_quantity_milli <= max_quantity_milli)
);
CREATE INDEX variant_product_id ON products.variant (product_id, sku);
-- Search by the beginning of a SKU, whatever its case: a range of bytes.
CREATE INDEX variant_sku_prefix ON products.variant (LOWER(sku) COLLATE "C");

-- The catalogue of packages: `case-of-24`.
CREATE TABLE products.package (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT package_slug_key UNIQUE CHECK (char_length(slug) BETWEEN 1 AND 100),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Packages a variant is sold in besides the piece.
CREATE TABLE products.variant_package (
    variant_id uuid NOT NULL REFERENCES products.variant (id),
    package_id uuid NOT NULL REFERENCES products.package (id),
    multiplier_milli bigint NOT NULL CHECK (multiplier_milli > 0),
    PRIMARY KEY (variant_id, package_id)
);
CREATE INDEX variant_package_package_id ON products.variant_package (package_id);
