#include "identity.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/log.h"

enum { FILE_MODE = 0640 };

static const char name[] = "id", draft[] = "id.new";

static bool read_id(int directory, char *id)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, id, JOURNAL_ID_HEX);
	close(fd);
	return length == JOURNAL_ID_HEX && strspn(id, "0123456789abcdef") == JOURNAL_ID_HEX;
}

/* It must outlive a power cut before anybody is told it. */
static void make_id(int directory, char *id)
{
	uint8_t bits[JOURNAL_ID_HEX / 2];
	char line[JOURNAL_ID_HEX + 1];
	randombytes_buf(bits, sizeof(bits));
	sodium_bin2hex(id, JOURNAL_ID_HEX + 1, bits, sizeof(bits));
	memcpy(line, id, JOURNAL_ID_HEX);
	line[JOURNAL_ID_HEX] = '\n';
	int fd = openat(directory, draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	if (fd < 0 || write(fd, line, sizeof(line)) != (ssize_t)sizeof(line) || fsync(fd) < 0 ||
	    renameat(directory, draft, directory, name) < 0 || fsync(directory) < 0)
		fatal("cannot make the journal's id");
	close(fd);
}

void identity_load(int directory, bool anew, char id[JOURNAL_ID_HEX + 1])
{
	id[JOURNAL_ID_HEX] = '\0';
	if (anew || !read_id(directory, id))
		make_id(directory, id);
}
