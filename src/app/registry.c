/* The one list of subcommands: a new one is one line. */
#include "app/cmd.h"

#define CMDS(X) X(version)

#define X(name) extern const struct cmd cmd_##name;
CMDS(X)
#undef X

const struct cmd *const cmd_list[] = {
#define X(name) &cmd_##name,
    CMDS(X)
#undef X
        NULL,
};
