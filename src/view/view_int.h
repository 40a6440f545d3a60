/* view/view_int.h — the room's own: asking the store, and rows with names. */
#pragma once
#include "view/view.h"

/* A row of STORE_CELLS, STORE_SERIES, STORE_TOP*; texts are copied to the arena by whoever keeps
 * them. */
struct view_row {
  prac_time at, first, last;
  const char *sensor, *port, *country, *tool, *survey, *marks, *json, *what, *site_country;
  struct prac_ip src, dst;
  prac_time from, to;
  uint64_t asn, packets, flows, bytes, sources;
};
struct view_row view_row_of(const struct store_col *cols, size_t n, const struct store_value *v);
/* An array in the arena that grows by doubling. PRAC_NOMEM. */
PRAC_NODISCARD prac_rc view_room(struct prac_arena *a, void **v, size_t n, size_t *cap,
                                 size_t size);
#define VIEW_ROOM(a, v, n, cap) view_room((a), (void **)&(v), (n), &(cap), sizeof *(v))

/* Addresses of a finding that are all networks: 112, 120 or 128 bits (64 or 128 of IPv6). */
uint8_t view_hosts_bits(const struct model_ips *hosts);
/* The filter with these as its senders; NULL: no memory. */
PRAC_NODISCARD prac_rc view_filter_hosts(struct store_query *q, const struct model_ips *hosts,
                                         struct prac_arena *a);
/* ret->hosts is set: sets its filter, and whether it is of hits. */
PRAC_NODISCARD prac_rc view_evidence(const char *flows, uint64_t host_count, struct prac_arena *a,
                                     struct view_subject *ret, struct prac_err *reterr);
/* activity.c, lines.c, related.c */
PRAC_NODISCARD prac_rc view_activity(struct store *s, const struct store_query *q, struct view *v,
                                     struct prac_err *reterr);
PRAC_NODISCARD prac_rc view_lines(struct store *s, const struct view_subject *u,
                                  const struct store_query *q, struct view *v,
                                  struct prac_err *reterr);
void view_synchrony(struct view_line *lines, size_t n, uint32_t steps, uint32_t *work);
PRAC_NODISCARD prac_rc view_related_find(struct store *s, const struct view_subject *u,
                                         struct view *v, struct prac_err *reterr);
