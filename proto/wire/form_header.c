#include "form_header.h"

#include <string.h>
#include <strings.h>

/* A part of a line. */
struct span {
	const char *bytes;
	size_t length;
};

/* One "; name=value", the value without its quotes. */
struct parameter {
	struct span name, value;
};

static bool is(struct span span, const char *text)
{
	return span.length == strlen(text) && strncasecmp(span.bytes, text, span.length) == 0;
}

static void skip(struct span *rest, size_t count)
{
	rest->bytes += count;
	rest->length -= count;
}

static void skip_blanks(struct span *rest)
{
	while (rest->length > 0 && (*rest->bytes == ' ' || *rest->bytes == '\t'))
		skip(rest, 1);
}

/* RFC 9110 section 5.6.2. */
static bool is_token_byte(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte));
}

static struct span take_token(struct span *rest)
{
	struct span token = {rest->bytes, 0};
	while (rest->length > 0 && is_token_byte(*rest->bytes)) {
		skip(rest, 1);
		token.length++;
	}
	return token;
}

/* What stands between quotes; a backslash in it is read in more than one way.  False: no closing quote. */
static bool take_quoted(struct span *rest, struct span *value)
{
	skip(rest, 1);
	const char *end = memchr(rest->bytes, '"', rest->length);
	if (!end)
		return false;
	*value = (struct span){rest->bytes, (size_t)(end - rest->bytes)};
	skip(rest, value->length + 1);
	return memchr(value->bytes, '\\', value->length) == NULL;
}

static bool take_value(struct span *rest, struct span *value)
{
	if (rest->length > 0 && *rest->bytes == '"')
		return take_quoted(rest, value);
	*value = take_token(rest);
	return value->length > 0;
}

/* The next parameter.  *more is false at the end; the result is false when there is something else. */
static bool take_parameter(struct span *rest, struct parameter *parameter, bool *more)
{
	skip_blanks(rest);
	*more = rest->length > 0;
	if (!*more)
		return true;
	if (*rest->bytes != ';')
		return false;
	skip(rest, 1);
	skip_blanks(rest);
	parameter->name = take_token(rest);
	if (parameter->name.length == 0 || rest->length == 0 || *rest->bytes != '=')
		return false;
	skip(rest, 1);
	return take_value(rest, &parameter->value);
}

/* There are readers that split at every ';', or look for the first "name=", in quotes or not. */
static bool hides_name(struct span value)
{
	static const char name[] = "name";
	for (; value.length > strlen(name); skip(&value, 1)) {
		struct span rest = value;
		if (strncasecmp(rest.bytes, name, strlen(name)) != 0)
			continue;
		skip(&rest, strlen(name));
		skip_blanks(&rest);
		if (rest.length > 0 && *rest.bytes == '=')
			return true;
	}
	return false;
}

/* Continuations and encodings (RFC 2231, "name*0=") are known to some readers only, as is what nobody sends. */
static enum form_error take_disposition(const struct parameter *parameter, struct form_header *header)
{
	if (hides_name(parameter->value))
		return FORM_AMBIGUOUS;
	if (is(parameter->name, "filename") || is(parameter->name, "filename*")) {
		header->is_file = true;
		return FORM_OK;
	}
	if (!is(parameter->name, "name") || header->name)
		return FORM_AMBIGUOUS;
	header->name = parameter->value.bytes;
	header->length = parameter->value.length;
	return FORM_OK;
}

static enum form_error read_disposition(struct span rest, struct form_header *header)
{
	struct parameter parameter;
	bool more;
	if (!is(take_token(&rest), "form-data"))
		return FORM_SYNTAX;
	while (take_parameter(&rest, &parameter, &more)) {
		if (!more)
			return header->name ? FORM_OK : FORM_SYNTAX;
		if (take_disposition(&parameter, header) != FORM_OK)
			return FORM_AMBIGUOUS;
	}
	return FORM_SYNTAX;
}

/* Some readers decode these, others do not. */
static bool has_escape(const struct form_header *header)
{
	return header->name && memchr(header->name, '%', header->length);
}

static bool is_as_it_is(struct span encoding)
{
	return is(encoding, "7bit") || is(encoding, "8bit") || is(encoding, "binary");
}

static bool has_control_byte(struct span line)
{
	for (size_t i = 0; i < line.length; i++)
		if (((unsigned char)line.bytes[i] < ' ' && line.bytes[i] != '\t') || line.bytes[i] == 0x7f)
			return true;
	return false;
}

enum form_error form_header_read(const char *line, size_t length, struct form_header *header)
{
	struct span rest = {line, length};
	if (has_control_byte(rest))
		return FORM_SYNTAX;
	struct span name = take_token(&rest);
	if (name.length == 0 || rest.length == 0 || *rest.bytes != ':')
		return FORM_SYNTAX;
	skip(&rest, 1);
	skip_blanks(&rest);
	if (is(name, "content-transfer-encoding"))
		return is_as_it_is(take_token(&rest)) && rest.length == 0 ? FORM_OK : FORM_ENCODED;
	if (!is(name, "content-disposition"))
		return FORM_OK;
	enum form_error error = read_disposition(rest, header);
	return error == FORM_OK && has_escape(header) ? FORM_AMBIGUOUS : error;
}

static bool is_boundary(struct span value)
{
	static const char others[] = "'()+_,-./:=?";
	for (size_t i = 0; i < value.length; i++) {
		char byte = value.bytes[i];
		bool letter = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
		if (!letter && (byte == '\0' || !strchr(others, byte)))
			return false;
	}
	return value.length >= 1 && value.length <= FORM_BOUNDARY_MAX;
}

/* Some readers decode names and values by another one. */
static bool is_utf8(const struct parameter *parameter)
{
	return is(parameter->name, "charset") && (is(parameter->value, "utf-8") || is(parameter->value, "us-ascii"));
}

bool form_boundary(const char *content_type, size_t length, char boundary[FORM_BOUNDARY_MAX + 1])
{
	static const char type[] = "multipart/form-data";
	struct span rest = {content_type, length}, found = {NULL, 0};
	struct parameter parameter;
	bool more;
	if (length < strlen(type) || strncasecmp(content_type, type, strlen(type)) != 0)
		return false;
	skip(&rest, strlen(type));
	while (take_parameter(&rest, &parameter, &more)) {
		if (!more && found.bytes) {
			memcpy(boundary, found.bytes, found.length);
			boundary[found.length] = '\0';
			return true;
		}
		if (more && is_utf8(&parameter))
			continue;
		if (!more || !is(parameter.name, "boundary") || found.bytes || !is_boundary(parameter.value))
			return false;
		found = parameter.value;
	}
	return false;
}
