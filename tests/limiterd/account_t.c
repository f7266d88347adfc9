#include "../../limiterd/account.h"

#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"

static struct accounts accounts;
static struct instant at = {.now = 1000000, .wall = UINT64_C(1800000000000)};

static struct account *make(const char *key, struct limits limits)
{
	struct account *account = accounts_get(&accounts, key, "name", at.now);
	account_set_limits(account, &limits, 1, at);
	budget_add_history(&account->budget, 0);
	return account;
}

/* Everything a request could consume. */
struct holdings {
	struct limit_level requests, tokens;
	uint32_t running;
	uint64_t used, reserved;
};

static struct holdings look(struct account *account)
{
	struct holdings holdings = {
		.running = account->running, .used = account->budget.used, .reserved = account->budget.reserved};
	account_levels(account, at.now, &holdings.requests, &holdings.tokens);
	return holdings;
}

static bool same(const struct holdings *a, const struct holdings *b)
{
	return a->requests.remaining == b->requests.remaining && a->tokens.remaining == b->tokens.remaining &&
	       a->running == b->running && a->used == b->used && a->reserved == b->reserved;
}

/* Everything else is plentiful; the reason refuses, and nothing of the others is gone. */
static void refused(const char *key, struct limits limits, uint64_t tokens, enum limit_reason reason, const char *name)
{
	struct limit_deny deny = {0};
	struct account *account = make(key, limits);
	account_admit(account, 10, at, &deny);
	struct holdings before = look(account);
	ok(!account_admit(account, tokens, at, &deny), "%s: refused", name);
	struct holdings after = look(account);
	is_int(deny.reason, reason, "%s: for its own reason", name);
	ok(same(&before, &after), "%s: and nothing else was consumed", name);
	account_settle(account, 10, 10, at);
}

static void test_reasons(void)
{
	refused("r", (struct limits){.rpm = 1, .tpm = 1000, .concurrency = 9, .budget = 1000, .period = BUDGET_DAY}, 10,
	        LIMIT_REQUESTS, "requests");
	refused("t", (struct limits){.rpm = 9, .tpm = 15, .concurrency = 9, .budget = 1000, .period = BUDGET_DAY}, 10,
	        LIMIT_TOKENS, "tokens");
	refused("c", (struct limits){.rpm = 9, .tpm = 1000, .concurrency = 1, .budget = 1000, .period = BUDGET_DAY}, 10,
	        LIMIT_CONCURRENCY, "concurrency");
	refused("b", (struct limits){.rpm = 9, .tpm = 1000, .concurrency = 9, .budget = 15, .period = BUDGET_DAY}, 10,
	        LIMIT_BUDGET, "budget");
}

static void test_figures(void)
{
	struct limit_deny deny = {0};
	struct account *account = make("figures", (struct limits){.rpm = 60, .tpm = 6000});
	ok(account_admit(account, 6000, at, &deny), "as many tokens as the limit may be used at once");
	deny = (struct limit_deny){0};
	account_admit(account, 100, at, &deny);
	ok(deny.limit == 6000 && deny.used == 6000 && deny.requested == 100, "the refusal tells the figures");
	is_int(deny.retry_after_ms, 1000, "and when enough will be there");
	deny = (struct limit_deny){.retry_after_ms = 7};
	account_admit(account, 6001, at, &deny);
	ok(deny.reason == LIMIT_TOKENS && deny.retry_after_ms == 0, "more than the limit is never worth a retry");
	account_settle(account, 6000, 6000, at);
	struct account *budgeted = make("spent", (struct limits){.budget = 5, .period = BUDGET_MONTH});
	deny = (struct limit_deny){.retry_after_ms = 7};
	account_admit(budgeted, 6, at, &deny);
	ok(deny.reason == LIMIT_BUDGET && deny.limit == 5 && deny.used == 0 && deny.requested == 6, "a budget's figures");
}

static void test_settling(void)
{
	struct limit_deny deny;
	struct account *account =
		make("settle", (struct limits){.rpm = 10, .tpm = 1000, .budget = 5000, .period = BUDGET_DAY});
	struct holdings begin = look(account);
	account_admit(account, 300, at, &deny);
	is_int((long long)look(account).tokens.remaining, 700, "the estimate is taken");
	account_settle(account, 300, 120, at);
	struct holdings now = look(account);
	ok(now.tokens.remaining == 880 && now.used == 120 && now.reserved == 0 && now.running == 0, "what was used stays");
	is_int((long long)now.requests.remaining, 9, "and so does the request");
	account_admit(account, 100, at, &deny);
	account_settle(account, 100, 1500, at);
	now = look(account);
	ok(now.tokens.remaining == 0 && now.tokens.reset_ms > 60000, "more than estimated makes a debt");
	is_int((long long)now.used, 1620, "and is charged to the budget");
	struct account *other =
		make("return", (struct limits){.rpm = 10, .tpm = 1000, .budget = 5000, .period = BUDGET_DAY});
	account_admit(other, 300, at, &deny);
	account_return(other, 300, at);
	struct holdings returned = look(other);
	ok(same(&begin, &returned), "what is returned was never taken");
}

static void test_generations(void)
{
	struct account *account = make("generation", (struct limits){.rpm = 10});
	account_set_limits(account, &(struct limits){.rpm = 20}, 3, at);
	is_int(account->requests.limit, 20, "new limits take effect");
	account_set_limits(account, &(struct limits){.rpm = 10}, 2, at);
	is_int(account->requests.limit, 20, "a grant of before them changes nothing");
	account_set_limits(account, &(struct limits){.rpm = 30}, 3, at);
	is_int(account->requests.limit, 30, "one of the same generation does");
}

static void test_history_needed(void)
{
	struct account *account = accounts_get(&accounts, "history", "", at.now);
	ok(!account_needs_history(account, at), "without a budget no history is needed");
	account_set_limits(account, &(struct limits){.budget = 5, .period = BUDGET_DAY}, 1, at);
	ok(account_needs_history(account, at), "with one it is");
	budget_add_history(&account->budget, 0);
	ok(!account_needs_history(account, at), "once");
	account_set_limits(account, &(struct limits){.budget = 5, .period = BUDGET_MONTH}, 2, at);
	ok(account_needs_history(account, at), "and again for another period");
}

static void test_forgetting(void)
{
	struct limit_deny deny;
	struct instant later = {at.now + ACCOUNT_IDLE_MS, at.wall + ACCOUNT_IDLE_MS};
	make("idle", (struct limits){.rpm = 10});
	struct account *busy = make("busy", (struct limits){.rpm = 10});
	struct account *debtor = make("debtor", (struct limits){.tpm = 10});
	account_admit(busy, 0, at, &deny);
	account_admit(debtor, 1, at, &deny);
	account_settle(debtor, 1, 1000, at);
	unsigned before = accounts.count;
	accounts_forget_idle(&accounts, later.now - 1);
	is_int(accounts.count, before, "nobody is forgotten too early");
	accounts_forget_idle(&accounts, later.now);
	ok(accounts_get(&accounts, "busy", "", later.now) == busy, "who has a request under way is remembered");
	ok(accounts_get(&accounts, "debtor", "", later.now) == debtor, "and who is in debt");
	account_settle(busy, 0, 0, later);
	accounts_forget_idle(&accounts, later.now + 200 * ACCOUNT_IDLE_MS);
	is_int(accounts.count, 0, "all others are forgotten");
}

static void test_bound(void)
{
	char key[32];
	for (unsigned i = 0; i < ACCOUNTS_MAX; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		accounts_get(&accounts, key, "", at.now);
	}
	is_int(accounts.count, ACCOUNTS_MAX, "as many accounts as may be");
	ok(accounts_get(&accounts, "one-more", "", at.now) == NULL, "and no more");
	ok(accounts_get(&accounts, "key77", "", at.now) != NULL, "the known ones are found still");
	accounts_forget_idle(&accounts, at.now + ACCOUNT_IDLE_MS);
	is_int(accounts.count, 0, "and go when they are idle");
}

int main(void)
{
	accounts_init(&accounts);
	test_reasons();
	test_figures();
	test_settling();
	test_generations();
	test_history_needed();
	test_forgetting();
	test_bound();
	return tap_done();
}
