-- Certificates that were registered: one for each piece.

-- migration: 1 certificates
CREATE TABLE certificate (
    serial text PRIMARY KEY,
    number text NOT NULL UNIQUE,
    bought_on date NOT NULL,
    valid_until date NOT NULL CHECK (valid_until >= bought_on)
);

-- migration: 2 ended
ALTER TABLE certificate ADD COLUMN ended_on date;
CREATE INDEX certificate_running ON certificate (valid_until) WHERE ended_on IS NULL;

-- statement: register
-- What was registered first stays, and is what comes back.
INSERT INTO certificate (serial, number, bought_on, valid_until)
VALUES ($1->>'serial', $1->>'number', ($1->>'boughtOn')::date, ($1->>'validUntil')::date)
ON CONFLICT (serial) DO UPDATE SET serial = EXCLUDED.serial
RETURNING number;

-- statement: find
SELECT number, serial, bought_on, valid_until, ended_on
FROM certificate
WHERE number = $1->>'number';

-- statement: end_due
WITH due AS (
    SELECT serial
    FROM certificate
    WHERE ended_on IS NULL AND valid_until < ($1->>'today')::date
    ORDER BY valid_until
    LIMIT 5000
    FOR UPDATE SKIP LOCKED
), ended AS (
    UPDATE certificate SET ended_on = ($1->>'today')::date
    WHERE serial IN (SELECT serial FROM due)
    RETURNING serial
)
SELECT count(*) AS ended FROM ended;
