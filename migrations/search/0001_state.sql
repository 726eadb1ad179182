-- How far each index has come.
CREATE TABLE search.index_state (
    index_name text PRIMARY KEY CHECK (char_length(index_name) BETWEEN 1 AND 100),
    -- Settings and form of the documents that searches are answered from; null while the index was never filled.
    live_form text,
    -- Those of the re-index under way; null when there is none. Changes of products are written to both copies.
    next_form text,
    -- The last product that the re-index has read, in the order of ids.
    walked_to uuid,
    updated_at timestamptz NOT NULL
);

-- Products that an index outside of the database does not know the last change of.
CREATE TABLE search.waiting (
    index_name text NOT NULL,
    product_id uuid NOT NULL,
    -- Raised by every change: what has been passed on is taken away by it, what changed in the meantime stays.
    change bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (index_name, product_id)
);
CREATE INDEX waiting_created_at ON search.waiting (index_name, created_at);
