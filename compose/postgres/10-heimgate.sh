#!/bin/sh
# Runs once, in an empty database: a role and a schema for each of the two daemons, and nothing for anybody else.
set -eu

psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
SET log_min_error_statement = panic; -- a statement that fails is logged, and these hold passwords
\set authd_password `cat /run/secrets/authd`
\set auditd_password `cat /run/secrets/auditd`

CREATE ROLE heimgate_authd LOGIN PASSWORD :'authd_password';
CREATE ROLE heimgate_auditd LOGIN PASSWORD :'auditd_password';

REVOKE ALL ON DATABASE heimgate, postgres, template1 FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE heimgate TO heimgate_authd, heimgate_auditd;

CREATE SCHEMA heimgate_auth AUTHORIZATION heimgate_authd;
CREATE SCHEMA heimgate_audit AUTHORIZATION heimgate_auditd;
SQL
