/*
 * Headers of a form's parts, and the parameters that they and a Content-Type
 * have: "form-data; name=\"model\"; filename=\"a.wav\"".
 */
#ifndef WIRE_FORM_HEADER_H
#define WIRE_FORM_HEADER_H

#include "form.h"

/* What a header says of its part; the name points into the line. */
struct form_header {
	const char *name; /* NULL: this is not the Content-Disposition */
	size_t length;
	bool is_file;
};

/* Reads one line without its end.  Returns FORM_OK or what is wrong with it. */
enum form_error form_header_read(const char *line, size_t length, struct form_header *header);

#endif
