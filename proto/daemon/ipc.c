#include "ipc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc_private.h"
#include "log.h"
#include "loop.h"
#include "sp.h"

enum { REDIAL_MIN_MS = 5, REDIAL_MAX_MS = 100, LOG_MS = 1000, ERRORS = WIRE_BUSY + 1 };

/* What a peer can make happen as often as it likes is logged at most once in LOG_MS. */
struct tally {
	uint64_t logged; /* ms */
	unsigned count;  /* since then */
};

struct ipc_link {
	enum wire_link which;
	enum wire_role me, peer;
	const struct ipc_events *events;
	void *arg;
	struct sp sp;                 /* to the one peer */
	struct ipc_listener listener; /* when we listen */
	struct loop_timer redial;     /* when we dial */
	uint64_t redial_ms;
	struct wire_out frame; /* begun and not ended */
	/* A flood of one error does not hide another, nor one of FAULTs what the peer itself is refused for. */
	struct tally refused[ERRORS], refused_by_peer[ERRORS + 1], downs, intruders;
};

static struct ipc_link links[LINK_COUNT];
static struct ipc_link *opened[LINK_COUNT];
static size_t opened_count;

static const char *name_of(const struct ipc_link *link)
{
	return wire_link_info(link->which)->name;
}

static bool dials(const struct ipc_link *link)
{
	return link->me == wire_link_info(link->which)->dialer;
}

/* How often it happened since it was last logged; 0: not to be logged now. */
static unsigned tally(struct tally *tally)
{
	unsigned count = ++tally->count;
	if (loop_now() - tally->logged < LOG_MS)
		return 0;
	*tally = (struct tally){.logged = loop_now()};
	return count;
}

static void log_fault(const struct ipc_link *link, struct tally *of, const char *event, const struct fault *fault)
{
	unsigned count = tally(of);
	if (count > 0)
		log_warn(event, "link=%s type=%s number=%u reason=%s count=%u", name_of(link), wire_type_name(fault->type),
		         fault->type, log_text(fault->text), count);
}

static void refuse(struct ipc_link *link, const struct wire_frame *frame, enum wire_error error)
{
	struct fault fault = {.error = (uint16_t)error, .type = frame->type};
	snprintf(fault.text, sizeof(fault.text), "%s", wire_error_text(error));
	log_fault(link, &link->refused[error], "frame-refused", &fault);
	if (frame->type == MSG_FAULT)
		return;
	struct wire_out *out = ipc_begin(link, MSG_FAULT, 0, frame->id);
	if (!out)
		return;
	fault_encode(out, &fault);
	ipc_end(link);
}

/* The peer may name an error that there is not. */
static void note_fault(struct ipc_link *link, const struct wire_frame *frame)
{
	struct fault fault;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	if (fault_decode(&in, &fault) != WIRE_OK)
		return;
	size_t error = fault.error < ERRORS ? fault.error : ERRORS;
	log_fault(link, &link->refused_by_peer[error], "frame-refused-by-peer", &fault);
}

static void dispatch(struct ipc_link *link, const struct wire_frame *frame, enum wire_error error)
{
	if (error == WIRE_OK && !wire_may_send(link->peer, link->me, frame->type))
		error = WIRE_BAD_SENDER;
	if (error == WIRE_OK && frame->type == MSG_FAULT)
		note_fault(link, frame);
	if (error == WIRE_OK)
		error = link->events->frame(link->arg, frame);
	if (error != WIRE_OK)
		refuse(link, frame, error);
}

static void heard(void *arg, const uint8_t *bytes, size_t length)
{
	struct ipc_link *link = arg;
	struct wire_in in;
	wire_in_init(&in, bytes, length);
	while (in.error == WIRE_OK && in.offset < in.length) {
		struct wire_frame frame;
		enum wire_error error = wire_next_frame(&in, &frame);
		dispatch(link, &frame, error);
	}
}

static void came_up(void *arg)
{
	struct ipc_link *link = arg;
	link->redial_ms = REDIAL_MIN_MS;
	log_debug("link-up", "link=%s", name_of(link));
	if (link->events->up)
		link->events->up(link->arg);
}

static void went_down(void *arg)
{
	struct ipc_link *link = arg;
	unsigned count = tally(&link->downs);
	if (count > 0)
		log_info("link-down", "link=%s count=%u", name_of(link), count);
	if (dials(link))
		loop_timer_set(&link->redial, link->redial_ms);
	if (link->events->down)
		link->events->down(link->arg);
}

static void attach(struct ipc_link *link, int fd)
{
	static const struct sp_events events = {.opened = came_up, .message = heard, .closed = went_down};
	sp_attach(&link->sp, fd, SP_PAIR0, SP_PAIR0, &events, link);
}

static void dial(void *arg)
{
	struct ipc_link *link = arg;
	char path[IPC_PATH_MAX];
	int fd = sp_dial(ipc_path(link->which, path));
	if (fd >= 0) {
		attach(link, fd);
		return;
	}
	loop_timer_set(&link->redial, link->redial_ms);
	link->redial_ms = link->redial_ms * 2 > REDIAL_MAX_MS ? REDIAL_MAX_MS : link->redial_ms * 2;
}

static void knock(void *arg, uint32_t events)
{
	struct ipc_link *link = arg;
	(void)events;
	int fd = ipc_accept(&link->listener);
	if (fd < 0)
		return;
	if (!link->sp.attached) {
		attach(link, fd);
		return;
	}
	close(fd);
	unsigned count = tally(&link->intruders);
	if (count > 0)
		log_warn("second-peer-refused", "link=%s count=%u", name_of(link), count);
}

static void flush_all(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < opened_count; i++)
		sp_flush(&opened[i]->sp);
}

bool ipc_is_up(const struct ipc_link *link)
{
	return link->sp.open;
}

static size_t backlog_of(enum wire_type type)
{
	return IPC_BACKLOG_MAX + (wire_body_max(type) <= IPC_SMALL_MAX ? IPC_HEADROOM : 0);
}

struct wire_out *ipc_begin(struct ipc_link *link, enum wire_type type, uint8_t flags, uint64_t id)
{
	size_t room = WIRE_HEADER_SIZE + wire_body_max(type);
	uint8_t *place = link->sp.open ? sp_reserve(&link->sp, room, backlog_of(type)) : NULL;
	if (!place)
		return NULL;
	wire_out_init(&link->frame, place, room);
	wire_put_header(&link->frame, type, flags, id, 0);
	return &link->frame;
}

int ipc_end(struct ipc_link *link)
{
	struct wire_out length;
	struct wire_out *frame = &link->frame;
	if (frame->error != WIRE_OK) {
		log_error("frame-not-encoded", "link=%s reason=%s", name_of(link), log_text(wire_error_text(frame->error)));
		return -1;
	}
	wire_out_init(&length, frame->data + 4, 4);
	wire_put_u32(&length, (uint32_t)(frame->length - WIRE_HEADER_SIZE));
	sp_commit(&link->sp, frame->length);
	return 0;
}

int ipc_send_empty(struct ipc_link *link, enum wire_type type, uint64_t id)
{
	return ipc_begin(link, type, 0, id) ? ipc_end(link) : -1;
}

unsigned ipc_missing(void)
{
	unsigned missing = 0;
	for (size_t i = 0; i < opened_count; i++)
		missing += dials(opened[i]) && !opened[i]->sp.open;
	return missing;
}

void ipc_enter(const char *run_directory)
{
	if (mkdir(run_directory, 0755) < 0 && errno != EEXIST)
		fatal("cannot make the run directory %s", run_directory);
	if (chdir(run_directory) < 0)
		fatal("cannot enter the run directory %s", run_directory);
}

struct ipc_link *ipc_open(enum wire_link which, enum wire_role me, const struct ipc_events *events, void *arg)
{
	const struct wire_link_info *info = wire_link_info(which);
	struct ipc_link *link = &links[which];
	CHECK(me == info->dialer || me == info->listener);
	*link = (struct ipc_link){.which = which, .me = me, .events = events, .arg = arg, .redial_ms = REDIAL_MIN_MS};
	link->peer = me == info->dialer ? info->listener : info->dialer;
	link->redial = (struct loop_timer){.expired = dial, .arg = link};
	if (opened_count == 0)
		loop_after_batch(flush_all, NULL);
	opened[opened_count++] = link;
	if (dials(link)) {
		dial(link);
		return link;
	}
	ipc_listen(&link->listener, which, knock, link);
	return link;
}

void ipc_close(void)
{
	flush_all(NULL);
	for (size_t i = 0; i < opened_count; i++) {
		sp_detach(&opened[i]->sp);
		if (!dials(opened[i]))
			close(opened[i]->listener.watch.fd);
	}
	opened_count = 0;
	ipc_ctl_close();
}
