/* Lines on standard output, which never hold up whoever prints them: what nobody takes in time is counted instead. */
#ifndef FRAMES_SCREEN_H
#define FRAMES_SCREEN_H

#include <stddef.h>

/* A line with its newline; of at most PIPE_BUF bytes, so that lines of several processes never mix. */
void screen_line(const char *text, size_t size);

/* Writes what is taken; the rest follows by itself.  Stops the loop when standard output is no more. */
void screen_flush(void);

#endif
