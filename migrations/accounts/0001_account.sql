CREATE SEQUENCE accounts.account_number START 100001;

-- A buying company.
CREATE TABLE accounts.account (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    legal_name text NOT NULL CHECK (length(legal_name) <= 200),
    external_reference text UNIQUE CHECK (length(external_reference) BETWEEN 1 AND 100),
    -- 9 is Active, the only one that may order; the other numbers are AccountStatus.
    status smallint NOT NULL CHECK (status BETWEEN 0 AND 11),
    payment_terms text NOT NULL CHECK (payment_terms = '' OR payment_terms ~ '^Net[0-9]{1,3}$'),
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX account_status ON accounts.account (status, id);

-- A group of accounts that share prices.
CREATE TABLE accounts.customer_group (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE accounts.account_group (
    account_id uuid NOT NULL REFERENCES accounts.account (id),
    group_id uuid NOT NULL REFERENCES accounts.customer_group (id),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, group_id)
);
CREATE INDEX account_group_group ON accounts.account_group (group_id, account_id);

-- A site of an account.
CREATE TABLE accounts.location (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts.account (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    default_address_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (id, account_id)
);
CREATE INDEX location_account ON accounts.location (account_id, id);
CREATE INDEX location_default_address ON accounts.location (default_address_id);

CREATE TABLE accounts.address (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    location_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) <= 200),
    street text NOT NULL CHECK (length(street) <= 400),
    city text NOT NULL CHECK (length(city) <= 200),
    region text NOT NULL CHECK (length(region) <= 200),
    postal_code text NOT NULL CHECK (length(postal_code) <= 32),
    country char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (id, location_id),
    FOREIGN KEY (location_id, account_id) REFERENCES accounts.location (id, account_id)
);
CREATE INDEX address_location ON accounts.address (location_id, id);
CREATE INDEX address_account ON accounts.address (account_id);

-- The default address of a site is one of its own.
ALTER TABLE accounts.location
    ADD FOREIGN KEY (default_address_id, id) REFERENCES accounts.address (id, location_id);
