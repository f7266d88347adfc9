#include "../../authd/keytext.h"

#include <string.h>

#include "../tap/tap.h"

static const uint64_t second = 1000, hour = 3600 * 1000, day = 24 * 3600 * 1000;

/* The expected keys were computed by another program, with zlib's CRC-32. */
static void keys(void)
{
	uint8_t zero[KEYTEXT_SECRET_RANDOM] = {0}, one[KEYTEXT_SECRET_RANDOM] = {0}, full[KEYTEXT_SECRET_RANDOM];
	char id[KEYTEXT_ID_LENGTH + 1], text[KEYTEXT_SIZE], found[KEYTEXT_ID_LENGTH + 1];
	memset(full, 0xff, sizeof(full));
	one[KEYTEXT_SECRET_RANDOM - 1] = 61;
	keytext_id(id, zero);
	is_text(id, "0000000000", "an id of zeros");
	keytext_format(text, id, zero);
	is_text(text, "sk-hg-0000000000-00000000000000000000000000000000000000000002BUTYE", "a secret of zeros");
	keytext_format(text, id, full);
	is_text(text, "sk-hg-0000000000-yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp142l0Aw", "the largest secret");
	keytext_format(text, "AbCdEfGh12", one);
	is_text(text, "sk-hg-AbCdEfGh12-000000000000000000000000000000000000000000z4FPHbP", "a secret of 61");
	ok(keytext_check(text, found), "its checksum is right");
	is_text(found, "AbCdEfGh12", "its id is found");
}

static void every_single_typo(void)
{
	uint8_t random[KEYTEXT_SECRET_RANDOM];
	char text[KEYTEXT_SIZE], id[KEYTEXT_ID_LENGTH + 1];
	unsigned accepted = 0;
	memset(random, 0x5a, sizeof(random));
	keytext_format(text, "k3yk3yk3yk", random);
	ok(keytext_check(text, id), "a key is one");
	for (size_t i = 0; i < KEYTEXT_SIZE - 1; i++) {
		char kept = text[i];
		for (int c = 1; c < 128; c++) {
			text[i] = (char)c;
			accepted += c != kept && keytext_check(text, id);
		}
		text[i] = kept;
	}
	is_int(accepted, 0, "a key with any one character changed is none");
	text[KEYTEXT_SIZE - 2] = '\0';
	ok(!keytext_check(text, id), "nor is one cut short");
	ok(!keytext_check("", id) && !keytext_check("sk-proj-abc", id), "nor is anything else");
}

static void ids(void)
{
	ok(keytext_is_id("0aZ0aZ0aZ0"), "ten letters and digits are an id");
	ok(!keytext_is_id("0aZ0aZ0aZ") && !keytext_is_id("0aZ0aZ0aZ00"), "nine and eleven are not");
	ok(!keytext_is_id("0aZ0aZ0aZ-") && !keytext_is_id("0aZ0aZ0 Z0"), "nor are other characters");
}

static void secrets(void)
{
	static char long_one[KEYTEXT_SECRET_MAX + 2];
	memset(long_one, 'x', sizeof(long_one));
	ok(!keytext_secret_fault("eight ch", 8), "a secret may have spaces inside");
	ok(keytext_secret_fault("seven77", 7), "seven bytes are too few");
	ok(!keytext_secret_fault(long_one, KEYTEXT_SECRET_MAX), "1024 bytes are not too many");
	ok(keytext_secret_fault(long_one, KEYTEXT_SECRET_MAX + 1), "1025 are");
	ok(keytext_secret_fault(" leading space", 14), "no space in front");
	ok(keytext_secret_fault("trailing space ", 15), "none behind");
	ok(keytext_secret_fault("with a\ttab", 10) && keytext_secret_fault("with a\0nul", 10) &&
	       keytext_secret_fault("with a\x7f"
	                            "del",
	                            10) &&
	       keytext_secret_fault("with \xc3\xa9 inside", 14),
	   "nothing that is not printable ASCII");
}

static void labels(void)
{
	ok(keytext_is_label("Jos\xc3\xa9's laptop", 64), "a name in UTF-8");
	ok(!keytext_is_label("", 64) && !keytext_is_label(" x", 64) && !keytext_is_label("x ", 64),
	   "not empty, no spaces around");
	ok(!keytext_is_label("a\nb", 64) && !keytext_is_label("a\x1b[31mb", 64) && !keytext_is_label("a\xc2\x9b", 64),
	   "no control characters, of either kind");
	ok(!keytext_is_label("a\xff", 64) && !keytext_is_label("a\xc3", 64), "nor what is no UTF-8");
	ok(keytext_is_list("") && keytext_is_list("m") && keytext_is_list("m1\nm 2"), "lists of models");
	ok(!keytext_is_list("\n") && !keytext_is_list("\nm") && !keytext_is_list("m\n") && !keytext_is_list("m\n\nn") &&
	       !keytext_is_list("m\n\xff"),
	   "none with names that are none");
	ok(keytext_is_label("four", 4) && !keytext_is_label("fives", 4), "no longer than allowed");
}

static void numbers(void)
{
	uint64_t number = 7;
	static const char *const bad[] = {"",   "-1",   "+1",  " 1",         "1 ",
	                                  "1x", "0x10", "1.5", "4294967296", "99999999999999999999"};
	ok(keytext_number("0", UINT32_MAX, &number) == 0 && number == 0, "0");
	ok(keytext_number("4294967295", UINT32_MAX, &number) == 0 && number == UINT32_MAX, "the largest");
	number = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(keytext_number(bad[i], UINT32_MAX, &number), -1, "\"%s\" is no number", bad[i]);
	is_int((long long)number, 7, "the result of a failure is untouched");
}

static void durations(void)
{
	uint64_t ms = 0;
	static const char *const bad[] = {"",     "d",  "30",     "30 d",   "-1d",
	                                  "1.5h", "1w", "1month", "36501d", "999999999999999999s"};
	ok(keytext_duration("90s", &ms) == 0 && ms == 90 * second, "seconds");
	ok(keytext_duration("15m", &ms) == 0 && ms == 15 * 60 * second, "minutes");
	ok(keytext_duration("12h", &ms) == 0 && ms == 12 * hour, "hours");
	ok(keytext_duration("36500d", &ms) == 0 && ms == 36500 * day, "a hundred years of days");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(keytext_duration(bad[i], &ms), -1, "\"%s\" is no duration", bad[i]);
}

static void expiries(void)
{
	char text[KEYTEXT_TIME_SIZE];
	uint64_t ms = 0;
	static const char *const bad[] = {"",
	                                  "tomorrow",
	                                  "2026-02-30",
	                                  "2026-2-03",
	                                  "2026-12-31T24:00:00Z",
	                                  "2026-12-31 18:00:00",
	                                  "2026-12-31T18:00:00",
	                                  "1969-12-31",
	                                  "2026-12-31T18:00:00Zx",
	                                  " 2026-12-3"};
	ok(keytext_expiry("30d", 5, &ms) == 0 && ms == 5 + 30 * day, "a duration counts from now");
	ok(keytext_expiry("2000-02-29", 0, &ms) == 0 && ms == UINT64_C(951782400000), "a date is its first moment");
	ok(keytext_expiry("2000-02-29T01:02:03Z", 0, &ms) == 0 && ms == UINT64_C(951786123000), "a date and time");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(keytext_expiry(bad[i], 0, &ms), -1, "\"%s\" is no moment", bad[i]);
	keytext_time_format(text, KEYTEXT_TIME_MAX);
	is_text(text, "9999-12-31T23:59:59Z", "the last moment that is shown");
	keytext_time_format(text, KEYTEXT_TIME_MAX + 1);
	is_text(text, "", "one beyond it is not");
	keytext_time_format(text, INT64_MAX);
	is_text(text, "", "nor the last of all");
}

static void budgets(void)
{
	struct limits limits = {.rpm = 3};
	char text[KEYTEXT_BUDGET_SIZE];
	static const char *const bad[] = {"",       "5",         "/day",     "5/week",
	                                  "5/days", "5 /day",    "-5/day",   "5/",
	                                  "/",      "5/day/day", "5e3/day",  "1000000000000001/day",
	                                  "0/",     "00",        "5 /month", "99999999999999999999999999999999999999/day"};
	ok(keytext_budget("1000000/month", &limits) == 0 && limits.budget == 1000000 && limits.period == BUDGET_MONTH,
	   "monthly");
	keytext_budget_format(text, &limits);
	is_text(text, "1000000/month", "and back");
	ok(keytext_budget("1000000000000000/day", &limits) == 0 && limits.period == BUDGET_DAY, "daily, the largest");
	keytext_budget_format(text, &limits);
	is_text(text, "1000000000000000/day", "and back");
	ok(keytext_budget("0", &limits) == 0 && limits.period == BUDGET_NONE && limits.budget == 0, "0 is none");
	ok(keytext_budget("0/day", &limits) == 0 && limits.period == BUDGET_NONE, "so is 0 a day");
	keytext_budget_format(text, &limits);
	is_text(text, "", "none is no text");
	is_int(limits.rpm, 3, "other limits are untouched");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(keytext_budget(bad[i], &limits), -1, "\"%s\" is no budget", bad[i]);
}

int main(void)
{
	keys();
	every_single_typo();
	ids();
	secrets();
	labels();
	numbers();
	durations();
	expiries();
	budgets();
	return tap_done();
}
