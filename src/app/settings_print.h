/* app/settings_print.h — the settings tables as people and programs read them: help, a whole
 * example file, JSON. Made from the tables and from nothing else. */
#pragma once
#include <stdio.h>

#include "base/conf.h"

/* One section for the terminal. */
void settings_print(FILE *to, const struct prac_conf_section *s);
/* l: NULL-terminated; printed sorted by path. */
void settings_print_all(FILE *to, const struct prac_conf_section *const *l);
void settings_print_json(FILE *to, const struct prac_conf_section *const *l);
/* A YAML file of defaults with every sentence as a comment; reads back without an error. */
void settings_print_example(FILE *to, const struct prac_conf_section *const *l);
