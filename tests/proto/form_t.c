/* Forms are judged in any pieces, and what could be read in two ways is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"
#include "form_properties.h"

#define DISPOSITION "Content-Disposition: form-data; "
#define PART(parameters, value) "--b\r\n" DISPOSITION parameters "\r\n\r\n" value "\r\n"
#define MODEL(value) PART("name=\"model\"", value)
#define FILE_PART \
	"--b\r\n" DISPOSITION "name=\"file\"; filename=\"a.wav\"\r\nContent-Type: " \
	"audio/wav\r\n\r\nRIFF\r\n-\r\n--\r\n\r\n"
#define END "--b--\r\n"

static const struct {
	const char *text;
	enum form_error error;
	const char *model; /* NULL: none, or not to be had */
} cases[] = {
	{MODEL("m") END, FORM_OK, "m"},
	{MODEL("m") "--b--", FORM_OK, "m"},
	{FILE_PART MODEL("org/model:7b") END, FORM_OK, "org/model:7b"},
	{MODEL("m") FILE_PART END, FORM_OK, "m"},
	{MODEL("") END, FORM_OK, ""},
	{MODEL("a\r\n--c\r\n-") END, FORM_OK, "a\r\n--c\r\n-"},
	{MODEL("\r\r\n\r") END, FORM_OK, "\r\r\n\r"},
	{MODEL("na\xc3\xafve") END, FORM_OK, "na\xc3\xafve"},
	{MODEL("na\xefve") END, FORM_OK, NULL},
	{PART("name=model", "m") END, FORM_OK, "m"},
	{PART("NAME=\"model\"", "m") END, FORM_OK, "m"},
	{PART("name=\"models\"", "m") END, FORM_OK, NULL},
	{PART("name=\"x\"; filename=\"a=b; names.wav\"", "m") MODEL("n") END, FORM_OK, "n"},
	{MODEL("\n\n--c\n--\r--\r\n--c\r") END, FORM_OK, "\n\n--c\n--\r--\r\n--c\r"},
	{MODEL("--c") END, FORM_OK, "--c"},
	{MODEL("x--b") END, FORM_OK, "x--b"},
	{MODEL("\n") END, FORM_OK, "\n"},
	{PART("name=\"x\"; filename=\"y\"; filename*=utf-8''y", "m") MODEL("n") END, FORM_OK, "n"},
	{"--b\r\nX-Y: z\r\ncontent-disposition:form-data;name=\"model\"\r\nContent-Transfer-Encoding: "
     "binary\r\n\r\nm\r\n" END,
     FORM_OK, "m"},
	{"--b--\r\n", FORM_OK, NULL},

	{"", FORM_TRUNCATED, NULL},
	{"--b", FORM_TRUNCATED, NULL},
	{MODEL("m"), FORM_TRUNCATED, NULL},
	{MODEL("m") "--b--\r", FORM_TRUNCATED, NULL},
	{MODEL("m") END "x", FORM_TRAILING, NULL},
	{MODEL("m") "--b-- \r\n", FORM_TRAILING, NULL},
	{"preamble\r\n" MODEL("m") END, FORM_SYNTAX, NULL},
	{"\r\n" MODEL("m") END, FORM_SYNTAX, NULL},
	{"--c\r\n\r\n", FORM_SYNTAX, NULL},
	{"--b \r\n", FORM_SYNTAX, NULL},
	{"--b\n" DISPOSITION "name=\"model\"\n\nm\n--b--\n", FORM_SYNTAX, NULL},
	{"--b\r\n\r\nm\r\n" END, FORM_SYNTAX, NULL},
	{"--b\r\nX: y\r\n\r\nm\r\n" END, FORM_SYNTAX, NULL},
	{"--b\r\n" DISPOSITION "\r\n name=\"model\"\r\n\r\nm\r\n" END, FORM_SYNTAX, NULL},
	{"--b\r\nContent-Disposition : form-data; name=\"model\"\r\n\r\nm\r\n" END, FORM_SYNTAX, NULL},
	{"--b\r\nContent-Disposition: attachment; name=\"model\"\r\n\r\nm\r\n" END, FORM_SYNTAX, NULL},
	{PART("filename=\"x\"", "m") END, FORM_SYNTAX, NULL},
	{PART("name=\"model", "m") END, FORM_SYNTAX, NULL},
	{PART("name=\"mo\\del\"", "m") END, FORM_SYNTAX, NULL},
	{PART("name=\"x\" filename", "m") END, FORM_SYNTAX, NULL},
	{PART("name=\"x\"; filename=\"\\\"; name=\\\"model\"", "m") END, FORM_SYNTAX, NULL},

	{MODEL("m") MODEL("m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"Model\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"model\"; filename=\"x\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"x\"; name=\"model\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("name*=utf-8''model", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"mod%65l\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"x\"; name*0=\"model\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"x\"; name*0*=utf-8''model", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"x\"; filename*0=\"y\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("xname=model; name=\"x\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("filename=\"; name=model; \"; name=\"x\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("FileName=\" name =model;\"; name=\"x\"", "m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"x\"", "--b\r\n" DISPOSITION "name=\"model\"\r\n\r\nn") MODEL("m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"x\"", "y\n--b\r\n" DISPOSITION "name=\"model\"\r\n\r\nn") MODEL("m") END, FORM_AMBIGUOUS, NULL},
	{PART("name=\"x\"", "y\r--b\r\n" DISPOSITION "name=\"model\"\r\n\r\nn") MODEL("m") END, FORM_AMBIGUOUS, NULL},
	{MODEL("\r\r--b") END, FORM_AMBIGUOUS, NULL},
	{MODEL("\n\n--b") END, FORM_AMBIGUOUS, NULL},
	{"--b\r\n" DISPOSITION "name=\"x\"\r\n" DISPOSITION "name=\"model\"\r\n\r\nm\r\n" END, FORM_AMBIGUOUS, NULL},
	{"--b\r\n" DISPOSITION "name=\"model\"\r\nContent-Transfer-Encoding: base64\r\n\r\nbQ==\r\n" END, FORM_ENCODED,
     NULL},
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		static struct form form;
		char model[FORM_VALUE_MAX + 1];
		size_t length = strlen(cases[i].text);
		const char *broken = NULL;
		enum form_error error = form_properties_scan(&form, cases[i].text, length, length + 1);
		is_int(error, cases[i].error, "case %zu: %s", i, form_error_text(error));
		bool there = error == FORM_OK && form_decode(form_value(&form, FORM_MODEL), model, sizeof(model)) >= 0;
		is_text(there ? model : NULL, cases[i].model, "case %zu: the model", i);
		for (size_t piece = 1; !broken && piece <= length; piece++)
			broken = form_properties_broken(cases[i].text, length, piece);
		is_text(broken, NULL, "case %zu: in pieces", i);
	}
}

static enum form_error feed_many(struct form *form, size_t count, const char *text)
{
	enum form_error error = FORM_OK;
	for (size_t i = 0; i < count && error == FORM_OK; i++)
		error = form_feed(form, text, strlen(text));
	return error;
}

static void test_bounds(void)
{
	static struct form form;
	char text[FORM_VALUE_MAX + 1];
	form_start(&form, "b");
	is_int(feed_many(&form, FORM_PARTS_MAX, PART("name=\"x\"", "y")), FORM_OK, "many parts");
	is_int(form_feed(&form, MODEL("m"), strlen(MODEL("m"))), FORM_TOO_LARGE, "one too many");
	form_start(&form, "b");
	form_feed(&form, "--b\r\n", 5);
	is_int(feed_many(&form, FORM_HEADERS_MAX, "X: y\r\n"), FORM_OK, "many headers");
	is_int(feed_many(&form, 1, "X: y\r\n"), FORM_TOO_LARGE, "one too many");
	form_start(&form, "b");
	form_feed(&form, "--b\r\n", 5);
	is_int(feed_many(&form, FORM_LINE_MAX, "x"), FORM_OK, "a long header");
	is_int(feed_many(&form, 1, "x"), FORM_TOO_LARGE, "one too long");
	form_start(&form, "b");
	form_feed(&form, "--b\r\n" DISPOSITION "name=\"model\"\r\n\r\n",
	          strlen("--b\r\n" DISPOSITION "name=\"model\"\r\n\r\n"));
	feed_many(&form, 1000, "x");
	form_feed(&form, "\r\n" END, strlen("\r\n" END));
	is_int(form_end(&form), FORM_OK, "a long value");
	is_int(form_decode(form_value(&form, FORM_MODEL), text, sizeof(text)), -1, "is none");
}

static void test_files(void)
{
	static const struct {
		const char *text;
		unsigned count, bytes;
	} forms[] = {
		{MODEL("m") END, 0, 0},
		{FILE_PART MODEL("m") END, 1, 13},
		{PART("name=\"image\"", "abc") PART("name=\"image[]\"", "") PART("name=\"mask\"", "\r\n--c") END, 3, 8},
		{PART("name=\"IMAGE[0]\"", "abc") PART("name=Mask", "d") END, 2, 4},
		{PART("name=\"x\"; filename=\"\"", "abc") PART("filename*=UTF-8''y; name=\"y\"", "\r") END, 2, 4},
		{PART("name=\"prompt\"", "image") PART("name=\"partial_images\"", "2") PART("name=\"imag\"", "x") END, 0, 0},
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		static struct form form;
		size_t length = strlen(forms[i].text);
		is_int(form_properties_scan(&form, forms[i].text, length, 1), FORM_OK, "form %zu", i);
		struct form_files files = form_files(&form);
		is_int(files.count, forms[i].count, "form %zu: files and images", i);
		is_int((long long)files.bytes, forms[i].bytes, "form %zu: their bytes", i);
	}
}

static void test_boundaries(void)
{
	static const struct {
		const char *type, *boundary;
	} types[] = {
		{"multipart/form-data; boundary=b", "b"},
		{"Multipart/Form-Data;charset=utf-8 ; Boundary=\"a b\"", NULL},
		{"multipart/form-data; charset=\"utf-8\"; boundary=\"a:b/c\"", "a:b/c"},
		{"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
	     "----WebKitFormBoundary7MA4YWxkTrZu0gW"},
		{"multipart/form-data", NULL},
		{"multipart/form-data; boundary=", NULL},
		{"multipart/form-data; boundary=\"\"", NULL},
		{"multipart/form-data; boundary=a; boundary=b", NULL},
		{"multipart/form-data; boundary=a; boundary*=utf-8''b", NULL},
		{"multipart/form-data; boundary=a; boundary*0=b", NULL},
		{"multipart/form-data; xboundary=b; boundary=a", NULL},
		{"multipart/form-data; charset=\"boundary=b;\"; boundary=a", NULL},
		{"multipart/form-data; charset=utf-7; boundary=a", NULL},
		{"multipart/form-data; boundary=a; charset=UTF-8", "a"},
		{"multipart/form-data; boundary=a,", NULL},
		{"multipart/form-datax; boundary=a", NULL},
		{"multipart/mixed; boundary=a", NULL},
		{"application/json", NULL},
		{"multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890", NULL},
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		char boundary[FORM_BOUNDARY_MAX + 1];
		bool found = form_boundary(types[i].type, strlen(types[i].type), boundary);
		is_text(found ? boundary : NULL, types[i].boundary, "%s", types[i].type);
	}
}

int main(void)
{
	test_cases();
	test_bounds();
	test_files();
	test_boundaries();
	return tap_done();
}
