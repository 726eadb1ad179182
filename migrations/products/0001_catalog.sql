-- The navigation tree. A slug is a category's name for life, so products may keep copies of it.
CREATE TABLE products.category (
    id uuid PRIMARY KEY,
    parent_id uuid REFERENCES products.category (id),
    slug text NOT NULL CONSTRAINT category_slug_key UNIQUE CHECK (char_length(slug) BETWEEN 1 AND 500),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    position integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (parent_id <> id)
);
CREATE INDEX category_parent_id ON products.category (parent_id);

-- What is presented.
CREATE TABLE products.product (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT product_slug_key UNIQUE CHECK (char_length(slug) BETWEEN 1 AND 500),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    description text NOT NULL CHECK (char_length(description) <= 20000),
    tax_category text NOT NULL CHECK (char_length(tax_category) BETWEEN 1 AND 100),
    custom_fields jsonb NOT NULL CHECK (jsonb_typeof(custom_fields) = 'object'),
    is_active boolean NOT NULL,
    -- Slugs of its categories, as product_category has them: read with every line of a cart, written with the product.
    category_slugs text[] NOT NULL,
    -- Words of name and description, cut by the module in the same way as those of a search.
    words tsvector NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX product_words ON products.product USING gin (words);

CREATE TABLE products.product_category (
    product_id uuid NOT NULL REFERENCES products.product (id),
    category_id uuid NOT NULL REFERENCES products.category (id),
    PRIMARY KEY (product_id, category_id)
);
CREATE INDEX product_category_category_id ON products.product_category (category_id, product_id);
