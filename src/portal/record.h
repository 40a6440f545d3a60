/* portal/record.h — records as text; what of them may be shown, the gate has said before. */
#pragma once
#include "model/records.h"

/* What a list of alerts shows: no hosts, no findings. */
void record_alert_brief(const struct alert *a, struct prac_json *j);
/* One field as plain text, lists with spaces between; nothing for null. */
void record_field_text(const struct model_field *f, const void *rec, struct prac_json *to);
