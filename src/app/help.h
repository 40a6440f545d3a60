/* app/help.h — what people read about a command, all of it made from the command tables.
 * The same walk over the table serves the terminal, the manual page and shell completion, so none
 * of them can promise an option that is not there. */
#pragma once
#include <stdio.h>

#include "app/cmd.h"

enum { HELP_WIDTH = 80, HELP_COLUMN = 26 };

void help_overview(FILE *to);                     /* every command, one line each, by group */
void help_command(FILE *to, const struct cmd *c); /* usage, options, text, examples */
void help_usage(FILE *to, const struct cmd *c);   /* "practice replay [OPTION]... FILE..." */
/* Writes text in lines of at most `width` columns, each after `indent` blanks. The cursor stands at
 * column `at` of the first line. Blank lines in text divide paragraphs. */
void help_wrap(FILE *to, const char *text, int at, int indent, int width);
/* "1 to 64, default 1", "kept, dropped; default kept"; "" when there is nothing to say. */
const char *help_range(const struct cmd_option *o, char *out, size_t cap);
