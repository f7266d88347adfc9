/* The table of every message's fields. */
#ifndef DOCS_TABLES_BODIES_H
#define DOCS_TABLES_BODIES_H

void print_bodies(void);

#endif
