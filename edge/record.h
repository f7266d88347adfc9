/* What edge has to say to auditd: the requests it refused.  Those it did not, proxyd records. */
#ifndef EDGE_RECORD_H
#define EDGE_RECORD_H

struct exchange;
struct refusal;

/* Records a refusal, if it concerns a request for a model; a lost record never holds up an answer.
 * Of callers without a good key at most 100 a second are recorded; the next record says in its detail how many
 * were left out. */
void record_refusal(const struct exchange *exchange, const struct refusal *refusal);

#endif
