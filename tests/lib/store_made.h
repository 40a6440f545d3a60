/* tests/lib/store_made.h — made flows and records for store tests, and answers as text, so that two
 * backends can be held against each other. */
#pragma once
#include "lib/choice.h"
#include "store/store.h"

/* A batch of 0..max rows that fall on few hosts, ports and countries, so that groups meet. */
struct flow_batch *made_batch(struct choice *c, const char *sensor, prac_time minute, uint32_t part,
                              uint32_t max);
void made_finding(struct choice *c, unsigned n, struct finding *ret); /* id from n; static texts */
void made_health(struct choice *c, const char *sensor, unsigned n, struct health *ret);
/* A revision of alert or attack n: began up to a day before, told last at any hour of a day. */
void made_alert(struct choice *c, unsigned n, struct alert *ret);
void made_episode(struct choice *c, unsigned n, struct episode *ret);
struct packet;
void made_packet(struct choice *c, unsigned n, struct packet *ret); /* n's own, of a day */
void made_hit(struct choice *c, unsigned n, struct hit *ret);       /* the same */
extern const char *const made_sensors[3];
#define MADE_DAY INT64_C(1375833600000000000) /* 2013-08-07 */

/* The whole answer as lines "name=value ..."; malloc'ed. *ret_rc: what query returned. */
char *answer_text(struct store *s, const struct store_query *q, prac_rc *ret_rc);
/* The same of flows or records, page after page of q->limit rows; without a limit of all. */
char *pages_text(struct store *s, const struct store_query *q, prac_rc *ret_rc);
/* Every batch as a line of its header and a line a row (all columns, the list by its name). */
char *batches_text(struct store *s, const struct store_batch_query *q, prac_rc *ret_rc);
void batch_text(const struct flow_batch *b, char **text); /* added to *text, malloc'ed or NULL */
void made_query(struct choice *c, struct store_query *q);
/* A directory of its own under $TMPDIR or /tmp; and away with it. */
const char *made_dir(char out[256]);
void made_dir_remove(const char *dir);
