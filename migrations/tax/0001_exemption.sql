-- Freedom of companies from tax: of the whole account, or of one location of it; where a column is null, everywhere or for
-- everything.
CREATE TABLE tax.exemption (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    location_id uuid,
    country char(2) CHECK (country ~ '^[A-Z]{2}$'),
    region text CHECK (char_length(region) BETWEEN 1 AND 100),
    category text CHECK (char_length(category) BETWEEN 1 AND 100),
    certificate text NOT NULL CHECK (char_length(certificate) BETWEEN 1 AND 100),
    valid_from timestamptz NOT NULL,
    -- Equal to valid_from when it was withdrawn before it began.
    valid_to timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (region IS NULL OR country IS NOT NULL),
    CHECK (valid_from <= valid_to)
);
CREATE INDEX exemption_account ON tax.exemption (account_id, created_at DESC);
CREATE INDEX exemption_location ON tax.exemption (location_id);
