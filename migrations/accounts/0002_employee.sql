-- What employees may do inside their account.
CREATE TABLE accounts.role (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    permissions text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
INSERT INTO accounts.role (id, name, permissions, created_at, updated_at) VALUES
    ('01980000-0000-7000-8000-000000000001', 'Buyer',
     '{catalog.browse,orders.place}', now(), now()),
    ('01980000-0000-7000-8000-000000000002', 'Approver',
     '{catalog.browse,orders.place,approvals.decide,orders.read_all}', now(), now()),
    ('01980000-0000-7000-8000-000000000003', 'Admin',
     '{catalog.browse,orders.place,approvals.decide,orders.read_all,account.manage}', now(), now());

-- A person who acts for an account. Name and e-mail are a copy of the login's, so that one statement tells who acts.
CREATE TABLE accounts.employee (
    id uuid PRIMARY KEY,
    login_id uuid NOT NULL UNIQUE,
    account_id uuid NOT NULL,
    location_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email text NOT NULL,
    role_id uuid NOT NULL REFERENCES accounts.role (id),
    order_limit_minor bigint CHECK (order_limit_minor >= 0),
    order_limit_currency char(3) CHECK (order_limit_currency ~ '^[A-Z]{3}$'),
    is_active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((order_limit_minor IS NULL) = (order_limit_currency IS NULL)),
    FOREIGN KEY (location_id, account_id) REFERENCES accounts.location (id, account_id)
);
CREATE INDEX employee_account ON accounts.employee (account_id, name, id);
CREATE INDEX employee_location ON accounts.employee (location_id);
CREATE INDEX employee_role ON accounts.employee (role_id);
