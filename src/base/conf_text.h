/* base/conf_text.h — settings tables in words: for error messages, help, the manual. */
#pragma once
#include "base/conf.h"

/* "yes or no", "a whole number from 1 to 100", "one of day, hour"; shortened with "..." */
#define PRAC_CONF_TEXT 240
const char *prac_conf_allowed_text(char out[PRAC_CONF_TEXT], const struct prac_conf_item *it);
/* As one would write it in the file: 28d, 64 MiB, yes; "" for an empty string or list. */
const char *prac_conf_default_text(char out[PRAC_CONF_TEXT], const struct prac_conf_item *it);
bool prac_conf_must_be_given(const struct prac_conf_item *it);
/* The word of a NULL-terminated list that s is most likely a misspelling of; NULL: none is near. */
const char *prac_conf_nearest(const char *s, const char *const *words);
