/*
 * The sandbox: what a daemon promises, in words, as a literal in its main.c.  The kernel holds it to that: seccomp by
 * system calls and their arguments, Landlock by the paths allowed, TCP, and whom it may signal.  sandbox_rules.c has
 * the words.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

/*
 * Allows a path, and what is below it when it is a directory, before sandbox_enter; perms is "r" or "rw".  What is not
 * there by then stays out of reach.  -1 + errno on failure.
 */
int sandbox_path(const char *path, const char *perms);

/* The same for the directory that holds the file, so that whoever replaces the file does not take it away. */
int sandbox_path_around(const char *file, const char *perms);

/*
 * Enters the sandbox, for good and for all threads; after priv_drop().  `demand` is "best-effort": what the kernel
 * lacks is logged, and named by sandbox_name(); or "required": then the process ends.  So it does when a word is
 * unknown or privileges were not given up.
 */
void sandbox_enter(const char *promises, const char *demand);

/* What kind of sandbox this process really has, for the start-up line and /ready. */
const char *sandbox_name(void);

#endif
