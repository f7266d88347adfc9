#include "ready.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "loop.h"
#include "sandbox.h"

static int notify_fd;
static bool told, held;

static void tell_once(void *arg)
{
	(void)arg;
	if (told || held || ipc_missing() > 0)
		return;
	told = true;
	log_info("ready", "sandbox=%s", log_text(sandbox_name()));
	if (notify_fd < 0)
		return;
	if (write(notify_fd, "\n", 1) != 1)
		log_warn("ready-not-told", "fd=%d", notify_fd);
	close(notify_fd);
}

void ready_notify(int fd)
{
	notify_fd = fd;
	loop_after_batch(tell_once, NULL);
}

void ready_hold(void)
{
	held = true;
}

void ready_release(void)
{
	held = false;
}
