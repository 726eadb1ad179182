-- What an account may owe, and how much of it is set aside. Moves by conditional updates only.
CREATE TABLE accounts.credit (
    account_id uuid PRIMARY KEY REFERENCES accounts.account (id),
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    limit_minor bigint NOT NULL CHECK (limit_minor >= 0),
    held_minor bigint NOT NULL CHECK (held_minor BETWEEN 0 AND limit_minor),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- What of it is set aside for whom; the sum over an account is its held_minor.
CREATE TABLE accounts.credit_hold (
    account_id uuid NOT NULL REFERENCES accounts.credit (account_id),
    -- The order.
    owner_id uuid NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, owner_id)
);
CREATE INDEX credit_hold_owner ON accounts.credit_hold (owner_id);
