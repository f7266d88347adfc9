#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../limiterd/target.h"
#include "../../proto/daemon/log.h"
#include "../tap/tap.h"

static const char text[] =
	"{\"upstreams\": {"
	"\"home\": {\"base_url\": \"http://127.0.0.1:1\", \"kind\": \"ollama\", \"slots\": 100, \"local\": true},"
	"\"shed\": {\"base_url\": \"http://127.0.0.1:1\", \"kind\": \"openai\", \"slots\": 100, \"local\": true},"
	"\"away\": {\"base_url\": \"http://127.0.0.1:1\", \"kind\": \"openai\", \"slots\": 100, \"local\": false},"
	"\"claude\": {\"base_url\": \"http://127.0.0.1:1\", \"kind\": \"anthropic\", \"slots\": 100, \"local\": false}},"
	"\"models\": {"
	"\"even\": {\"targets\": [{\"upstream\": \"home\"}, {\"upstream\": \"away\"}]},"
	"\"uneven\": {\"targets\": [{\"upstream\": \"home\", \"weight\": 5}, {\"upstream\": \"shed\", \"weight\": 3},"
	" {\"upstream\": \"away\", \"weight\": 2}]},"
	"\"backed\": {\"targets\": [{\"upstream\": \"home\"}], \"fallbacks\": [{\"upstream\": \"claude\"},"
	" {\"upstream\": \"shed\"}, {\"upstream\": \"away\"}]},"
	"\"slow to fall\": {\"targets\": [{\"upstream\": \"home\"}], \"fallbacks\": [{\"upstream\": \"away\"}],"
	" \"fallback_on\": [\"5xx\"]},"
	"\"leaving\": {\"targets\": [{\"upstream\": \"home\", \"drain\": true}, {\"upstream\": \"away\"}]},"
	"\"mixed\": {\"targets\": [{\"upstream\": \"claude\"}, {\"upstream\": \"away\"}]},"
	"\"remote\": {\"targets\": [{\"upstream\": \"away\"}, {\"upstream\": \"claude\"}]},"
	"\"short\": {\"alias\": \"even\"}, \"other\": {\"alias\": \"llama3.2\"},"
	"\"*\": {\"targets\": [{\"upstream\": \"home\"}, {\"upstream\": \"shed\"},"
	" {\"upstream\": \"away\", \"model\": \"big\"}], \"fallbacks\": [{\"upstream\": \"claude\"}]}}}";

static struct models *models;
static struct targets targets;
static struct pools pools;
static struct lease lease;
static struct turn turn;

static struct models *load(void)
{
	char path[] = "/tmp/models-XXXXXX", error[512] = "";
	int fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
	close(fd);
	struct models *loaded = models_load(path, error, sizeof(error));
	unlink(path);
	if (!loaded)
		fatalx("%s", error);
	return loaded;
}

static void follow(void)
{
	struct models *old = models;
	models = load();
	target_follow(&targets, models);
	pools_update(&pools, models, 10);
	if (old)
		models_free(old);
}

static void want(const char *model, enum wire_route route, bool local_only)
{
	lease = (struct lease){.route = route, .scope = {.local_only = local_only}};
	snprintf(lease.model, sizeof(lease.model), "%s", model);
}

/* The name of the upstream that is chosen for a chat. */
static const char *choose(const char *model)
{
	want(model, ROUTE_CHAT, false);
	const struct pool *pool = target_choose(&targets, &pools, &lease, &turn);
	return pool && strcmp(pool->name, lease.upstream) == 0 ? lease.upstream : "nowhere";
}

static void tell(const char *upstream, bool available)
{
	CHECK(news_available(&targets.news, upstream, available) == WIRE_OK);
}

static void offer(const char *upstream, const char *names)
{
	struct limit_offer told = {.models = {(const uint8_t *)names, strlen(names)}};
	snprintf(told.name, sizeof(told.name), "%s", upstream);
	CHECK(news_offer(&targets.news, &told) == WIRE_OK);
}

static struct pool *pool(const char *name)
{
	return pools_find(&pools, name);
}

/* How often each target of a row is chosen. */
static struct shares {
	unsigned of[4];
} count(const char *model, unsigned times)
{
	struct shares shares = {0};
	while (times-- > 0) {
		choose(model);
		shares.of[lease.target]++;
	}
	return shares;
}

static bool are(struct shares shares, unsigned first, unsigned second, unsigned third)
{
	return shares.of[0] == first && shares.of[1] == second && shares.of[2] == third;
}

static void test_weights(void)
{
	ok(are(count("uneven", 100), 50, 30, 20), "weights are exact over 100 takes");
	for (int i = 0; i < 10; i++)
		ok(are(count("uneven", 10), 5, 3, 2), "and over every ten");
	unsigned longest = 0, run = 0;
	for (int i = 0; i < 100; i++) {
		run = strcmp(choose("uneven"), "home") == 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	ok(longest <= 2, "without runs");
	ok(are(count("even", 100), 50, 50, 0), "equal ones take turns");
	choose("even");
	choose("uneven");
	choose("short");
	is_text(lease.upstream, "away", "each model by itself, whatever it is called");
	is_int(lease.target, 1, "the lease says which target that is");
}

static void test_returned_turns(void)
{
	follow();
	choose("uneven");
	struct lease denied = lease;
	struct turn its = turn;
	choose("uneven");
	target_return(&targets, &denied, &its);
	choose("uneven");
	is_int(lease.target, denied.target, "a turn that was given back is had by the next");
	ok(are(count("uneven", 8), 4, 2, 2), "and the shares stay exact");
	choose("even");
	its = turn;
	follow();
	target_return(&targets, &lease, &its);
	is_text(choose("even"), "home", "after a reload turns begin anew");
}

static void test_room(void)
{
	follow();
	pool("home")->in_use = 100;
	ok(are(count("uneven", 50), 0, 30, 20), "one that is full is left out, by the weights of the others");
	pool("home")->in_use = 0;
	pool("home")->waiting = 1;
	ok(are(count("uneven", 50), 0, 30, 20), "so is one where others wait");
	pool("home")->waiting = 0;
	follow();
	pool("home")->in_use = pool("shed")->in_use = pool("away")->in_use = 100;
	ok(are(count("uneven", 100), 50, 30, 20), "when all are full they are waited for by their weights");
	pool("home")->in_use = pool("shed")->in_use = pool("away")->in_use = 0;
	follow();
	tell("home", false);
	count("uneven", 1000);
	tell("home", true);
	struct shares after = count("uneven", 100);
	ok(after.of[0] >= 50 && after.of[0] <= 51, "who comes back makes up for nothing");
}

static void test_availability(void)
{
	follow();
	tell("home", false);
	ok(are(count("uneven", 50), 0, 30, 20), "one that is not available is left out");
	follow();
	ok(are(count("uneven", 50), 0, 30, 20), "also after a reload");
	is_text(choose("backed"), "shed", "the first fallback that offers the route and is available");
	is_int(lease.target, 2, "counted after the targets");
	tell("shed", false);
	is_text(choose("backed"), "away", "or the next");
	pool("away")->in_use = 100;
	is_text(choose("backed"), "away", "also if it is full");
	pool("away")->in_use = 0;
	is_text(choose("slow to fall"), "home", "no fallback unless it is for that");
	tell("away", false);
	is_text(choose("backed"), "home", "when nobody is available the first is tried");
	is_text(choose("uneven"), "home", "of the targets too");
	news_forget(&targets.news);
	is_text(choose("backed"), "home", "until it is said otherwise all are available");
}

static void test_routes(void)
{
	follow();
	ok(are(count("leaving", 10), 0, 10, 0), "one that drains gets nothing");
	tell("away", false);
	is_text(choose("leaving"), "away", "not even when the other is not available");
	news_forget(&targets.news);
	ok(are(count("mixed", 10), 0, 10, 0), "one that does not offer the route is left out");
	want("mixed", ROUTE_MESSAGES, false);
	target_choose(&targets, &pools, &lease, &turn);
	is_text(lease.upstream, "claude", "for that route alone");
	want("mixed", ROUTE_API_CHAT, false);
	ok(target_find(&targets, &lease), "a route that nobody offers is no matter of the model");
	target_choose(&targets, &pools, &lease, &turn);
	is_text(lease.upstream, "claude", "the first is asked, and says so");
	want("even", ROUTE_COUNT_TOKENS, false);
	ok(target_find(&targets, &lease) && !target_choose(&targets, &pools, &lease, &turn), "what is free needs no slot");
	ok(lease.upstream[0] == '\0' && lease.target == 0, "and has no target");
}

static void test_scope(void)
{
	follow();
	for (int i = 0; i < 4; i++) {
		want("even", ROUTE_CHAT, true);
		target_choose(&targets, &pools, &lease, &turn);
		is_text(lease.upstream, "home", "what must stay in the house does");
	}
	tell("home", false);
	want("backed", ROUTE_CHAT, true);
	target_choose(&targets, &pools, &lease, &turn);
	is_text(lease.upstream, "shed", "also with a fallback");
	want("even", ROUTE_CHAT, true);
	target_choose(&targets, &pools, &lease, &turn);
	is_text(lease.upstream, "home", "also if nobody is available");
	want("remote", ROUTE_CHAT, true);
	ok(!target_find(&targets, &lease), "a model that is nowhere in the house is not found");
	want("remote", ROUTE_COUNT_TOKENS, true);
	ok(!target_find(&targets, &lease), "also for what is free");
	want("remote", ROUTE_CHAT, false);
	snprintf(lease.models, sizeof(lease.models), "even");
	ok(!target_find(&targets, &lease), "nor is one that the key may not use");
	news_forget(&targets.news);
}

static void test_offers(void)
{
	follow();
	ok(are(count("llama3.2", 30), 10, 10, 10), "models without a row of their own are shared while no list is known");
	offer("home", "gemma:2b\nllama3.2:latest");
	ok(are(count("llama3.2", 10), 10, 0, 0), "who lists one gets it");
	ok(are(count("other", 10), 10, 0, 0), "by the name after aliases");
	is_text(choose("llama3"), "shed", "a name that begins like it is another");
	is_text(choose("gemma:2b:latest"), "away", "and so is one that ends otherwise");
	offer("shed", "llama3.2");
	ok(are(count("llama3.2", 10), 5, 5, 0), "several share it");
	is_text(choose("unheard of"), "away", "whose list is not known may have what the others have not");
	offer("away", "llama3.2");
	ok(are(count("unheard of", 30), 10, 10, 10), "when nobody has it all are asked");
	ok(are(count("llama3.2", 10), 5, 5, 0), "a target's own name for the model is what must be listed");
	offer("away", "small\nbig");
	ok(are(count("unheard of", 10), 0, 0, 10), "and counts for whatever is asked");
	offer("away", "");
	tell("home", false);
	tell("shed", false);
	is_text(choose("llama3.2"), "home", "who lacks it is not asked because the others are not available");
	ok(are(count("even", 10), 0, 10, 0), "a model with a row of its own goes by that alone");
	offer("shed", "");
	follow();
	tell("home", true);
	ok(are(count("llama3.2", 10), 10, 0, 0), "a reload forgets no list, and a new list replaces the old one");
	news_forget(&targets.news);
}

static bool allows(const char *model, size_t target, const char *upstream)
{
	struct move move = {.target = (uint8_t)target, .lease = lease};
	snprintf(move.lease.model, sizeof(move.lease.model), "%s", model);
	snprintf(move.upstream, sizeof(move.upstream), "%s", upstream);
	return target_allows(&targets, &move);
}

static void test_moves(void)
{
	choose("backed");
	ok(allows("backed", 0, "home") && allows("backed", 3, "away"), "a lease may go on at any target or fallback");
	ok(!allows("backed", 1, "shed"), "if the upstream is the target's");
	ok(!allows("backed", 4, "away") && !allows("backed", 255, "away"), "and there is such a target");
	ok(!allows("backed", 0, "nobody"), "and such an upstream");
	lease.scope.local_only = true;
	ok(allows("backed", 2, "shed") && !allows("backed", 3, "away"), "and it is local enough");
	snprintf(lease.models, sizeof(lease.models), "even");
	ok(!allows("backed", 2, "shed") && allows("even", 0, "home"), "and the key may use the model");
	lease.upstream[0] = '\0';
	ok(!allows("even", 0, "home"), "and it has a slot at all");
}

static void test_news(void)
{
	char name[16];
	enum wire_error error = WIRE_OK;
	for (unsigned i = 0; i < NEWS_MAX && error == WIRE_OK; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		error = news_available(&targets.news, name, false);
	}
	is_int(error, WIRE_OK, "news of upstreams that models.json does not name yet are kept");
	is_int(news_available(&targets.news, "one more", false), WIRE_BUSY, "as many as there may be");
	is_int(news_offer(&targets.news, &(struct limit_offer){.name = "one more"}), WIRE_BUSY, "of either kind");
	is_int(news_available(&targets.news, "u7", true), WIRE_OK, "known ones may change");
	ok(news_is_available(&targets.news, "u7") && !news_is_available(&targets.news, "u8"), "and do");
	follow();
	is_int((long long)targets.news.count, 0, "with a reload those go that it does not name");
}

int main(void)
{
	log_init("target_t");
	follow();
	test_weights();
	test_returned_turns();
	test_room();
	test_availability();
	test_routes();
	test_scope();
	test_offers();
	test_moves();
	test_news();
	models_free(models);
	free(targets.credits);
	for (struct pool *each = pools.first, *next; each; each = next) {
		next = each->next;
		free(each);
	}
	free(pools.of_upstream);
	return tap_done();
}
