#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "log.h"
#include "sandbox_private.h"

/* Of the kernel's interface since 6.3, which its header may not know. */
enum { SET_MDWE = 65, MDWE_REFUSE_EXEC_GAIN = 1 };

/* A call that this architecture does not have needs no rule. */
static int add(scmp_filter_ctx filter, const struct sandbox_rule *rule)
{
	struct scmp_arg_cmp wanted[SANDBOX_MATCHES + 1];
	unsigned count = 0;
	int number = seccomp_syscall_resolve_name(rule->call);
	if (number < 0)
		return 0;
	for (unsigned i = 0; i < SANDBOX_MATCHES; i++)
		if (rule->match[i].mask != 0)
			wanted[count++] = (struct scmp_arg_cmp){rule->match[i].argument, SCMP_CMP_MASKED_EQ, rule->match[i].mask,
			                                        rule->match[i].value};
	if (rule->self)
		wanted[count++] = (struct scmp_arg_cmp){0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
	uint32_t action = rule->refusal ? SCMP_ACT_ERRNO((uint32_t)rule->refusal) : SCMP_ACT_ALLOW;
	return seccomp_rule_add_array(filter, action, number, count, wanted);
}

static int fill(scmp_filter_ctx filter, unsigned promises)
{
	int result = 0;
	for (size_t i = 0; i < sandbox_rule_count && result == 0; i++)
		if (promises & 1u << sandbox_rules[i].promise)
			result = add(filter, &sandbox_rules[i]);
	return result;
}

static int load(scmp_filter_ctx filter, unsigned promises)
{
	int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	if (result == 0)
		result = fill(filter, promises);
	return result == 0 ? seccomp_load(filter) : result;
}

/* Names are also asked for by modules that the system put in, whose calls nobody here can know. */
static uint32_t otherwise(unsigned promises)
{
	return promises & 1u << PROMISE_DNS ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
}

static void hold_memory(void)
{
	if (prctl(SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0 && errno != EINVAL)
		log_warn("memory-not-held", "reason=%s", log_text(strerror(errno)));
}

const char *sandbox_filter_calls(unsigned promises)
{
	hold_memory();
	scmp_filter_ctx filter = seccomp_init(otherwise(promises));
	if (!filter)
		return "out of memory";
	int result = load(filter, promises);
	seccomp_release(filter);
	return result == 0 ? NULL : strerror(-result);
}
