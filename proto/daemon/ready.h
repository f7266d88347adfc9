/* Telling whoever started us that we can serve. */
#ifndef DAEMON_READY_H
#define DAEMON_READY_H

/*
 * Call after sandbox_enter(), before loop_run(): once every link this daemon dials is up, logs
 * event=ready and writes a newline on `fd` (-1: nobody wants to know), then closes it.
 */
void ready_notify(int fd);

/* Something else has to be there first, until ready_release(). */
void ready_hold(void);
void ready_release(void);

#endif
