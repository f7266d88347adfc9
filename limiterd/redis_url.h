/* Where Redis is: redis://[USER@]HOST[:PORT][/DATABASE], or unix:PATH. */
#ifndef LIMITERD_REDIS_URL_H
#define LIMITERD_REDIS_URL_H

enum { REDIS_URL_HOST_MAX = 255, REDIS_URL_PATH_MAX = 107, REDIS_URL_USER_MAX = 64, REDIS_URL_PORT = 6379 };

struct redis_url {
	char path[REDIS_URL_PATH_MAX + 1]; /* of a unix socket; "": by host and port */
	char host[REDIS_URL_HOST_MAX + 1]; /* name or address, without brackets */
	unsigned port;
	char user[REDIS_URL_USER_MAX + 1]; /* "": the default one */
	unsigned database;
};

/* NULL when it is good, else what is wrong with it, which never repeats any of it.  Static. */
const char *redis_url_read(const char *text, struct redis_url *url);

#endif
