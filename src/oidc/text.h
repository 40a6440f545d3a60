/* oidc/text.h — forms and addresses, into the caller's memory. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Names and values of a form or an address, percent-encoded. Sticky `bad` when it is full. */
struct oidc_text {
  char *v;
  size_t n, cap;
  bool bad;
};
void oidc_text_put(struct oidc_text *t, const char *s);
void oidc_text_escape(struct oidc_text *t, const char *s);
void oidc_text_param(struct oidc_text *t, const char *name, const char *value);
