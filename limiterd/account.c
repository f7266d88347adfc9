#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

void accounts_init(struct accounts *accounts)
{
	memset(accounts, 0, sizeof(*accounts));
	randombytes_buf(accounts->secret, sizeof(accounts->secret));
	TAILQ_INIT(&accounts->by_use);
}

static size_t hash(const struct accounts *accounts, const char *key_id)
{
	uint64_t value;
	_Static_assert(sizeof(value) == crypto_shorthash_BYTES, "a hash is one number");
	crypto_shorthash((uint8_t *)&value, (const uint8_t *)key_id, strlen(key_id), accounts->secret);
	return value % ACCOUNT_HASHES;
}

static struct account *add_account(struct accounts *accounts, const char *key_id)
{
	struct account **head = &accounts->hashes[hash(accounts, key_id)];
	if (accounts->count >= ACCOUNTS_MAX)
		return NULL;
	struct account *account = calloc(1, sizeof(*account));
	CHECK(account);
	snprintf(account->key_id, sizeof(account->key_id), "%s", key_id);
	account->same_hash = *head;
	*head = account;
	TAILQ_INSERT_HEAD(&accounts->by_use, account, by_use);
	accounts->count++;
	return account;
}

struct account *accounts_get(struct accounts *accounts, const char *key_id, const char *key_name, uint64_t now)
{
	struct account *account = accounts->hashes[hash(accounts, key_id)];
	while (account && strcmp(account->key_id, key_id) != 0)
		account = account->same_hash;
	if (!account)
		account = add_account(accounts, key_id);
	if (!account)
		return NULL;
	snprintf(account->key_name, sizeof(account->key_name), "%s", key_name);
	account->used_at = now;
	TAILQ_REMOVE(&accounts->by_use, account, by_use);
	TAILQ_INSERT_HEAD(&accounts->by_use, account, by_use);
	return account;
}

static void forget(struct accounts *accounts, struct account *account)
{
	struct account **link = &accounts->hashes[hash(accounts, account->key_id)];
	while (*link != account)
		link = &(*link)->same_hash;
	*link = account->same_hash;
	TAILQ_REMOVE(&accounts->by_use, account, by_use);
	accounts->count--;
	free(account);
}

static bool is_forgettable(struct account *account, uint64_t now)
{
	return account->running == 0 && account->asking == 0 && bucket_is_full(&account->requests, now) &&
	       bucket_is_full(&account->tokens, now);
}

void accounts_forget_idle(struct accounts *accounts, uint64_t now)
{
	struct account *account = TAILQ_LAST(&accounts->by_use, account_list);
	while (account && account->used_at + ACCOUNT_IDLE_MS <= now) {
		struct account *newer = TAILQ_PREV(account, account_list, by_use);
		if (is_forgettable(account, now))
			forget(accounts, account);
		account = newer;
	}
}

void account_set_limits(struct account *account, const struct limits *limits, uint64_t generation, struct instant at)
{
	if (generation < account->generation)
		return;
	account->generation = generation;
	account->concurrency = limits->concurrency;
	bucket_set_limit(&account->requests, limits->rpm, at.now);
	bucket_set_limit(&account->tokens, limits->tpm, at.now);
	budget_set(&account->budget, limits->period, limits->budget, at.wall);
}

bool account_needs_history(struct account *account, struct instant at)
{
	budget_roll(&account->budget, at.wall);
	return account->budget.period != BUDGET_NONE && !account->budget.known;
}

void account_levels(struct account *account, uint64_t now, struct limit_level *requests, struct limit_level *tokens)
{
	*requests = bucket_level(&account->requests, now);
	*tokens = bucket_level(&account->tokens, now);
}

static uint32_t retry_after(uint64_t wait)
{
	return wait == BUCKET_NEVER ? 0 : (uint32_t)(wait < UINT32_MAX ? wait : UINT32_MAX);
}

static bool rate_allows(struct bucket *bucket, uint64_t cost, uint64_t now, struct limit_deny *deny)
{
	uint64_t wait = bucket_wait(bucket, cost, now);
	if (wait == 0)
		return true;
	struct limit_level level = bucket_level(bucket, now);
	deny->retry_after_ms = retry_after(wait);
	deny->limit = level.limit;
	deny->used = level.limit - level.remaining;
	deny->requested = cost;
	return false;
}

static bool concurrency_allows(const struct account *account, struct limit_deny *deny)
{
	if (account->concurrency == 0 || account->running < account->concurrency)
		return true;
	deny->retry_after_ms = ACCOUNT_RETRY_MS;
	deny->limit = account->concurrency;
	deny->used = account->running;
	deny->requested = 1;
	return false;
}

/* No retry_after: a period's end is further away than any client waits. */
static bool budget_permits(const struct budget *budget, uint64_t tokens, struct limit_deny *deny)
{
	if (budget_allows(budget, tokens))
		return true;
	deny->limit = budget->limit;
	deny->used = budget->used + budget->reserved;
	deny->requested = tokens;
	return false;
}

/* Asks every limit before any is touched.  What costs no tokens passes whatever is owed or spent. */
static bool allows(struct account *account, uint64_t tokens, struct instant at, struct limit_deny *deny)
{
	deny->reason = LIMIT_REQUESTS;
	if (!rate_allows(&account->requests, 1, at.now, deny))
		return false;
	deny->reason = LIMIT_TOKENS;
	if (tokens > 0 && !rate_allows(&account->tokens, tokens, at.now, deny))
		return false;
	deny->reason = LIMIT_CONCURRENCY;
	if (!concurrency_allows(account, deny))
		return false;
	deny->reason = LIMIT_BUDGET;
	return tokens == 0 || budget_permits(&account->budget, tokens, deny);
}

bool account_admit(struct account *account, uint64_t tokens, struct instant at, struct limit_deny *deny)
{
	CHECK(tokens == 0 || !account_needs_history(account, at));
	if (!allows(account, tokens, at, deny))
		return false;
	account_adopt(account, tokens, at);
	bucket_take(&account->requests, 1, at.now);
	return true;
}

void account_return(struct account *account, uint64_t tokens, struct instant at)
{
	account_settle(account, tokens, 0, at);
	bucket_refund(&account->requests, 1, at.now);
}

void account_settle(struct account *account, uint64_t reserved, uint64_t used, struct instant at)
{
	CHECK(account->running > 0);
	account->running--;
	if (used > reserved)
		bucket_take(&account->tokens, used - reserved, at.now);
	else
		bucket_refund(&account->tokens, reserved - used, at.now);
	budget_settle(&account->budget, reserved, used, at.wall);
}

void account_adopt(struct account *account, uint64_t tokens, struct instant at)
{
	account->running++;
	bucket_take(&account->tokens, tokens, at.now);
	budget_reserve(&account->budget, tokens);
}

void account_uncharge(struct account *account, uint64_t used, struct instant at)
{
	bucket_refund(&account->tokens, used, at.now);
	budget_uncharge(&account->budget, used);
}
