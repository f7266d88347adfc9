#include "json_steps.h"

#include "json_text.h"
#include "json_wanted.h"

void json_steps_fail(struct json_scan *scan, enum json_error error)
{
	scan->error = error;
	scan->error_at = json_wanted_offset(scan);
}

void json_steps_value_end(struct json_scan *scan)
{
	json_wanted_value_end(scan);
	scan->state = scan->depth > 0 ? JSON_AFTER_VALUE : JSON_AFTER_DOCUMENT;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Whether a byte is left behind the digits. */
static bool skip_digits(struct json_scan *scan)
{
	while (scan->at < scan->limit && is_digit(*scan->at))
		scan->at++;
	return scan->at < scan->limit;
}

static void need_digit(struct json_scan *scan, enum json_state next)
{
	if (is_digit(*scan->at))
		json_steps_consume(scan, next);
	else
		json_steps_fail(scan, JSON_SYNTAX);
}

static void after_fraction(struct json_scan *scan)
{
	if (*scan->at == 'e' || *scan->at == 'E')
		json_steps_consume(scan, JSON_AFTER_E);
	else
		json_steps_value_end(scan);
}

static void after_integer(struct json_scan *scan)
{
	if (*scan->at == '.')
		json_steps_consume(scan, JSON_AFTER_POINT);
	else
		after_fraction(scan);
}

static void step_minus(struct json_scan *scan)
{
	need_digit(scan, *scan->at == '0' ? JSON_AFTER_ZERO : JSON_IN_INTEGER);
}

static void step_integer(struct json_scan *scan)
{
	if (skip_digits(scan))
		after_integer(scan);
}

static void step_point(struct json_scan *scan)
{
	need_digit(scan, JSON_IN_FRACTION);
}

static void step_fraction(struct json_scan *scan)
{
	if (skip_digits(scan))
		after_fraction(scan);
}

static void step_e(struct json_scan *scan)
{
	if (*scan->at == '+' || *scan->at == '-')
		json_steps_consume(scan, JSON_AFTER_SIGN);
	else
		need_digit(scan, JSON_IN_EXPONENT);
}

static void step_sign(struct json_scan *scan)
{
	need_digit(scan, JSON_IN_EXPONENT);
}

static void step_exponent(struct json_scan *scan)
{
	if (skip_digits(scan))
		json_steps_value_end(scan);
}

/* Whether a byte is left behind the white space. */
static bool skip_space(struct json_scan *scan)
{
	while (scan->at < scan->limit && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
		scan->at++;
	return scan->at < scan->limit;
}

static void container_start(struct json_scan *scan, bool is_object)
{
	if (scan->depth == JSON_DEPTH_MAX) {
		json_steps_fail(scan, JSON_DEEP);
		return;
	}
	json_wanted_value_start(scan, is_object ? JSON_OBJECT : JSON_ARRAY);
	json_steps_consume(scan, is_object ? JSON_AT_FIRST_NAME : JSON_AT_FIRST_ELEMENT);
	if (scan->depth == 0)
		scan->insert_at = json_wanted_offset(scan);
	scan->objects = scan->objects << 1 | is_object;
	scan->depth++;
}

static bool in_object(const struct json_scan *scan)
{
	return scan->objects & 1;
}

static void container_end(struct json_scan *scan)
{
	if (*scan->at != (in_object(scan) ? '}' : ']')) {
		json_steps_fail(scan, JSON_SYNTAX);
		return;
	}
	scan->at++;
	scan->objects >>= 1;
	scan->depth--;
	json_steps_value_end(scan);
}

static void scalar_start(struct json_scan *scan, enum json_type type, enum json_state next)
{
	json_wanted_value_start(scan, type);
	json_steps_consume(scan, next);
}

static void literal_start(struct json_scan *scan, enum json_type type, const char *rest)
{
	scan->literal = rest;
	scalar_start(scan, type, JSON_IN_LITERAL);
}

static void number_start(struct json_scan *scan)
{
	if (*scan->at == '-')
		scalar_start(scan, JSON_NUMBER, JSON_AFTER_MINUS);
	else if (*scan->at == '0')
		scalar_start(scan, JSON_NUMBER, JSON_AFTER_ZERO);
	else if (is_digit(*scan->at))
		scalar_start(scan, JSON_NUMBER, JSON_IN_INTEGER);
	else
		json_steps_fail(scan, JSON_SYNTAX);
}

static void value_start(struct json_scan *scan)
{
	switch (*scan->at) {
	case '"':
		scan->in_name = scan->keeps_name = false;
		scalar_start(scan, JSON_STRING, JSON_IN_STRING);
		break;
	case '{':
		container_start(scan, true);
		break;
	case '[':
		container_start(scan, false);
		break;
	case 't':
		literal_start(scan, JSON_TRUE, "rue");
		break;
	case 'f':
		literal_start(scan, JSON_FALSE, "alse");
		break;
	case 'n':
		literal_start(scan, JSON_NULL, "ull");
		break;
	default:
		number_start(scan);
	}
}

static void name_start(struct json_scan *scan)
{
	if (*scan->at != '"') {
		json_steps_fail(scan, JSON_SYNTAX);
		return;
	}
	json_wanted_name_start(scan);
	json_steps_consume(scan, JSON_IN_STRING);
}

static void step_value(struct json_scan *scan)
{
	if (skip_space(scan))
		value_start(scan);
}

static void step_first_element(struct json_scan *scan)
{
	if (!skip_space(scan))
		return;
	if (*scan->at == ']')
		container_end(scan);
	else
		value_start(scan);
}

static void step_first_name(struct json_scan *scan)
{
	if (!skip_space(scan))
		return;
	if (*scan->at == '}')
		container_end(scan);
	else
		name_start(scan);
}

static void step_next_name(struct json_scan *scan)
{
	if (skip_space(scan))
		name_start(scan);
}

static void step_colon(struct json_scan *scan)
{
	if (!skip_space(scan))
		return;
	if (*scan->at == ':')
		json_steps_consume(scan, JSON_AT_VALUE);
	else
		json_steps_fail(scan, JSON_SYNTAX);
}

static void step_after_value(struct json_scan *scan)
{
	if (!skip_space(scan))
		return;
	if (*scan->at == ',')
		json_steps_consume(scan, in_object(scan) ? JSON_AT_NEXT_NAME : JSON_AT_VALUE);
	else
		container_end(scan);
}

static void step_after_document(struct json_scan *scan)
{
	if (skip_space(scan))
		json_steps_fail(scan, JSON_TRAILING);
}

static void step_literal(struct json_scan *scan)
{
	if (*scan->at != *scan->literal) {
		json_steps_fail(scan, JSON_SYNTAX);
		return;
	}
	scan->at++;
	scan->literal++;
	if (*scan->literal == '\0')
		json_steps_value_end(scan);
}

static void (*const steps[JSON_STATES])(struct json_scan *) = {
	[JSON_AT_VALUE] = step_value,
	[JSON_AT_FIRST_ELEMENT] = step_first_element,
	[JSON_AT_FIRST_NAME] = step_first_name,
	[JSON_AT_NEXT_NAME] = step_next_name,
	[JSON_AT_COLON] = step_colon,
	[JSON_AFTER_VALUE] = step_after_value,
	[JSON_AFTER_DOCUMENT] = step_after_document,
	[JSON_IN_LITERAL] = step_literal,
	[JSON_IN_STRING] = json_text_string,
	[JSON_IN_CHARACTER] = json_text_character,
	[JSON_AT_ESCAPE] = json_text_escape,
	[JSON_IN_HEX] = json_text_hex,
	[JSON_AT_LOW_SURROGATE] = json_text_low_surrogate,
	[JSON_AFTER_MINUS] = step_minus,
	[JSON_AFTER_ZERO] = after_integer,
	[JSON_IN_INTEGER] = step_integer,
	[JSON_AFTER_POINT] = step_point,
	[JSON_IN_FRACTION] = step_fraction,
	[JSON_AFTER_E] = step_e,
	[JSON_AFTER_SIGN] = step_sign,
	[JSON_IN_EXPONENT] = step_exponent,
};

void json_steps_run(struct json_scan *scan)
{
	while (scan->at < scan->limit && scan->error == JSON_OK)
		steps[scan->state](scan);
}

/* A number knows its end by what follows; at the top level that may be nothing. */
static bool in_complete_number(const struct json_scan *scan)
{
	return scan->state == JSON_AFTER_ZERO || scan->state == JSON_IN_INTEGER || scan->state == JSON_IN_FRACTION ||
	       scan->state == JSON_IN_EXPONENT;
}

bool json_steps_complete(const struct json_scan *scan)
{
	return scan->state == JSON_AFTER_DOCUMENT || (scan->depth == 0 && in_complete_number(scan));
}
