DO $make$
BEGIN
    CREATE ROLE {role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
EXCEPTION
    -- Roles belong to the whole server: another database may have it, or make it at this moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$make$;

DO $judge$
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_roles AS role
        WHERE role.rolname = '{role}'
          AND (role.rolcanlogin OR role.rolsuper OR role.rolcreatedb OR role.rolcreaterole OR role.rolreplication
               OR role.rolbypassrls
               OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS membership WHERE membership.member = role.oid))
    ) THEN
        RAISE EXCEPTION 'the role {role} may do more than a plugin''s; take its rights and memberships away';
    END IF;
    IF NOT pg_catalog.pg_has_role(current_user, '{role}', 'MEMBER') THEN
        GRANT {role} TO CURRENT_USER;
    END IF;
END
$judge$;

CREATE SCHEMA IF NOT EXISTS {role};
REVOKE ALL ON SCHEMA {role} FROM PUBLIC;
GRANT USAGE ON SCHEMA {role} TO {role};

-- The host's own, in which the plugin can neither read nor write.
CREATE TABLE IF NOT EXISTS {role}._migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
