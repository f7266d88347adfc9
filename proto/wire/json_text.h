/* The JSON scanner's strings: the steps inside them, and their escapes. */
#ifndef WIRE_JSON_TEXT_H
#define WIRE_JSON_TEXT_H

#include "json.h"
#include "utf8.h"

void json_text_string(struct json_scan *scan);
void json_text_character(struct json_scan *scan); /* of more than one byte */
void json_text_escape(struct json_scan *scan);
void json_text_hex(struct json_scan *scan);
void json_text_low_surrogate(struct json_scan *scan);

/* Takes one byte or one whole escape out of a string that the scanner has judged;
 * writes what it stands for and returns its bytes. */
size_t json_text_decode(const char **text, char bytes[UTF8_MAX]);

#endif
