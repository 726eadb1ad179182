-- A person who can sign in.
CREATE TABLE identity.login (
    id uuid PRIMARY KEY,
    -- Lower-cased, NFC: one spelling per mailbox, so that UNIQUE means what it says.
    email text NOT NULL UNIQUE CHECK (length(email) BETWEEN 3 AND 254),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('buyer', 'customer', 'staff')),
    -- A PHC string with its own parameters and salt; null until a password is set.
    password_hash text,
    is_active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX login_staff ON identity.login (id) WHERE kind = 'staff';

-- A role of the merchant's staff.
CREATE TABLE identity.staff_role (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    permissions text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE identity.staff_role_member (
    login_id uuid NOT NULL REFERENCES identity.login (id),
    role_id uuid NOT NULL REFERENCES identity.staff_role (id),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (login_id, role_id)
);
CREATE INDEX staff_role_member_role ON identity.staff_role_member (role_id);
