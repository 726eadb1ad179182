GRANT CREATE ON SCHEMA {role} TO {role};

-- Runs what the plugin wants as the plugin's role. Inside of such a function no other role can be taken on, whatever the text
-- tries. All of it is one call: a text that changes the function changes none that is running.
CREATE OR REPLACE FUNCTION {role}._migrate(names text[], migrations text[], labels text[], statements text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {role}, pg_temp
AS $migrate$
BEGIN
    FOR place IN 1 .. coalesce(array_length(migrations, 1), 0) LOOP
        BEGIN
            EXECUTE migrations[place];
            SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION WHEN OTHERS THEN
            RAISE EXCEPTION 'migration %: %', names[place], SQLERRM USING ERRCODE = SQLSTATE;
        END;
    END LOOP;
    FOR place IN 1 .. coalesce(array_length(statements, 1), 0) LOOP
        BEGIN
            EXECUTE 'PREPARE plugin_statement (jsonb) AS ' || statements[place];
            DEALLOCATE plugin_statement;
        EXCEPTION WHEN OTHERS THEN
            RAISE EXCEPTION 'statement %: %', labels[place], SQLERRM USING ERRCODE = SQLSTATE;
        END;
    END LOOP;
END
$migrate$;
REVOKE ALL ON FUNCTION {role}._migrate(text[], text[], text[], text[]) FROM PUBLIC;
ALTER FUNCTION {role}._migrate(text[], text[], text[], text[]) OWNER TO {role};
