/* portal/record.h — records made fit to leave: the query that shows their evidence loses any word
 * that names one of our own addresses. Every alert and finding that the API gives goes through
 * record_clean. */
#pragma once
#include "model/records.h"

/* In place: rec's strings may be replaced by ones that live in a. PRAC_NOMEM. */
PRAC_NODISCARD prac_rc record_clean(const struct model_kind *k, void *rec, struct prac_arena *a);
/* What a list of alerts shows: no hosts, no findings. */
void record_alert_brief(const struct alert *a, struct prac_json *j);
/* One field as plain text, lists with spaces between; nothing for null. */
void record_field_text(const struct model_field *f, const void *rec, struct prac_json *to);
