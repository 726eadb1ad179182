-- Trigrams find the words that a misspelled one may mean. A trusted extension, part of PostgreSQL's contrib.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Products as they are searched for. One slot answers, the other takes the documents of a re-index.
CREATE TABLE search_index.document (
    slot smallint NOT NULL CHECK (slot IN (0, 1)),
    product_id uuid NOT NULL,
    -- Order by name, whatever its case and accents.
    name_key text COLLATE "C" NOT NULL,
    audience text[] NOT NULL,
    -- Facets: `category=drills`.
    terms text[] NOT NULL,
    -- Cut and folded by the driver. Weights: A SKUs as one word, B name, C variants and parts of SKUs, D the rest.
    words tsvector NOT NULL,
    PRIMARY KEY (slot, product_id)
) PARTITION BY LIST (slot);
CREATE TABLE search_index.document_0 PARTITION OF search_index.document FOR VALUES IN (0);
CREATE TABLE search_index.document_1 PARTITION OF search_index.document FOR VALUES IN (1);
CREATE INDEX document_words ON search_index.document USING gin (words);
CREATE INDEX document_terms ON search_index.document USING gin (terms);
CREATE INDEX document_name_key ON search_index.document (name_key, product_id);

-- Which slot answers.
CREATE TABLE search_index.live (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    slot smallint NOT NULL CHECK (slot IN (0, 1)),
    has_next boolean NOT NULL
);
INSERT INTO search_index.live (slot, has_next) VALUES (0, false);

-- Every word of the documents that may be misspelled. One that is used no more does no harm; a re-index makes the list anew.
CREATE TABLE search_index.word (
    slot smallint NOT NULL CHECK (slot IN (0, 1)),
    word text COLLATE "C" NOT NULL,
    PRIMARY KEY (slot, word)
);
CREATE INDEX word_trigrams ON search_index.word USING gin (word gin_trgm_ops);
