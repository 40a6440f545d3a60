/* app/hub_link_int.h — shared by hub_link.c and hub_survey.c. */
#pragma once
#include <jansson.h>
#include <nats/nats.h>

#include "app/hub_link.h"

enum { HUB_SUBJECT = 160 };
struct hub_link {
  natsConnection *nc;
};
/* The answer, an object; PRAC_AGAIN: none came. */
PRAC_NODISCARD prac_rc hub_link_ask(struct hub_link *l, const char *subject, const char *body,
                                    json_t **ret, struct prac_err *reterr);
PRAC_NODISCARD prac_rc hub_link_parse(natsMsg *m_take, json_t **ret, struct prac_err *reterr);
/* The same of the site's own server, about its stream: "$JS.<domain>.API.STREAM.<verb>.<stream>",
 * over the link, with an answer address that the site may write to. NULL: it does not answer. */
json_t *hub_link_ask_site(struct hub_link *l, const struct site_row *r, const char *verb,
                          const char *body);
/* 0: no error in the answer. */
json_int_t hub_link_error(const json_t *answer);
