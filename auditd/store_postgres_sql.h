/* The SQL of history in PostgreSQL: the tables, and what is asked of them. */
#ifndef AUDITD_STORE_POSTGRES_SQL_H
#define AUDITD_STORE_POSTGRES_SQL_H

#include "../proto/daemon/postgres.h"
#include "store_engine.h"

enum { STORE_POSTGRES_MIGRATIONS = 5, STORE_POSTGRES_STATEMENTS = STORE_QUESTIONS + 5 };

extern const char *const store_postgres_migrations[STORE_POSTGRES_MIGRATIONS];

/* The questions come first, in their order. */
extern const struct postgres_statement store_postgres_statements[STORE_POSTGRES_STATEMENTS];

#endif
