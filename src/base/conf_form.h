/* base/conf_form.h — forms that texts of settings have in more than one room. */
#pragma once
#include "base/conf.h"

extern const struct prac_conf_form prac_form_name;      /* a-z, 0-9 and -, 1 to 31 */
extern const struct prac_conf_form prac_form_country;   /* ISO 3166 letters, or empty */
extern const struct prac_conf_form prac_form_addresses; /* each of a list: an address */
extern const struct prac_conf_form prac_form_endpoint;  /* address and port */

/* "127.0.0.1:8640", "[::1]:8640"; false: neither. Ports in host order; 0: any that is free. */
bool prac_endpoint_parse(const char *text, struct prac_ip *ret, uint16_t *ret_port);
