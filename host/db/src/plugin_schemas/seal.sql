DROP FUNCTION IF EXISTS {role}._migrate(text[], text[], text[], text[]);

-- Runs one statement as the plugin's role. A cursor takes one statement that returns rows, never a command.
CREATE OR REPLACE FUNCTION {role}._run(statement text, parameters jsonb, most_rows integer, most_bytes integer)
RETURNS SETOF text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {role}, pg_temp
AS $run$
DECLARE
    found record;
    answer text;
    count integer := 0;
    bytes bigint := 0;
BEGIN
    FOR found IN EXECUTE statement USING parameters LOOP
        answer := pg_catalog.row_to_json(found)::text;
        count := count + 1;
        bytes := bytes + pg_catalog.octet_length(answer);
        IF count > most_rows THEN
            RAISE EXCEPTION 'it gives more than % rows; ask for fewer', most_rows USING ERRCODE = 'program_limit_exceeded';
        END IF;
        IF bytes > most_bytes THEN
            RAISE EXCEPTION 'its rows have more than % bytes; ask for fewer', most_bytes
                USING ERRCODE = 'program_limit_exceeded';
        END IF;
        RETURN NEXT answer;
    END LOOP;
END
$run$;
REVOKE ALL ON FUNCTION {role}._run(text, jsonb, integer, integer) FROM PUBLIC;
ALTER FUNCTION {role}._run(text, jsonb, integer, integer) OWNER TO {role};

DO $judge$
DECLARE
    what text;
BEGIN
    -- Code of the plugin in the database could run when the host does something, with the host's rights.
    SELECT 'function ' || function.proname INTO what
    FROM pg_catalog.pg_proc AS function
    WHERE (function.pronamespace = '{role}'::regnamespace OR function.proowner = '{role}'::regrole)
      AND function.oid <> '{role}._run(text, jsonb, integer, integer)'::regprocedure
    UNION ALL
    SELECT 'trigger ' || trigger.tgname
    FROM pg_catalog.pg_trigger AS trigger
    JOIN pg_catalog.pg_class AS relation ON relation.oid = trigger.tgrelid
    WHERE relation.relnamespace = '{role}'::regnamespace AND NOT trigger.tgisinternal
    UNION ALL
    SELECT 'rule ' || rule.rulename
    FROM pg_catalog.pg_rewrite AS rule
    JOIN pg_catalog.pg_class AS relation ON relation.oid = rule.ev_class
    WHERE relation.relnamespace = '{role}'::regnamespace AND rule.rulename <> '_RETURN';
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'it makes the %; functions, triggers and rules are not for plugins', what;
    END IF;
END
$judge$;

REVOKE CREATE ON SCHEMA {role} FROM {role};
