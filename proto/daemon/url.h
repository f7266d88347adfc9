/* The URLs at which model servers are asked. */
#ifndef DAEMON_URL_H
#define DAEMON_URL_H

/*
 * Judges an upstream's base URL: http or https, a host, perhaps a port and a path (RFC 3986);
 * no user, password, query or fragment.  NULL when it is good, else the reason to follow the
 * member's name: "has a bad port".  Static.
 */
const char *url_judge(const char *url);

/* The same for an absolute path alone. */
const char *url_judge_path(const char *path);

#endif
