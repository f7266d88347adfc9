/* The tables of docs/SECURITY.md: the promises, and which program makes which. */
#ifndef DOCS_TABLES_SANDBOX_H
#define DOCS_TABLES_SANDBOX_H

void print_promises(void);
void print_sandboxes(void);

#endif
