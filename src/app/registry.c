/* The one list of subcommands, in the order of `practice help`: a new one is one line. */
#include "app/cmd.h"

#define CMDS(X)                                                                                    \
  X(run)                                                                                           \
  X(replay)                                                                                        \
  X(query)                                                                                         \
  X(tune)                                                                                          \
  X(explain)                                                                                       \
  X(compare)                                                                                       \
  X(mitigate)                                                                                      \
  X(help)                                                                                          \
  X(completion)                                                                                    \
  X(manual)                                                                                        \
  X(gen)                                                                                           \
  X(evaluate)                                                                                      \
  X(check_config)                                                                                  \
  X(access)                                                                                        \
  X(settings)                                                                                      \
  X(capture)                                                                                       \
  X(bus)                                                                                           \
  X(sensor)                                                                                        \
  X(honeypot)                                                                                      \
  X(store)                                                                                         \
  X(engine)                                                                                        \
  X(collector)                                                                                     \
  X(alert)                                                                                         \
  X(portal)                                                                                        \
  X(notify)                                                                                        \
  X(exabgp)                                                                                        \
  X(site)                                                                                          \
  X(hub)                                                                                           \
  X(version)

#define X(name) extern const struct cmd cmd_##name;
CMDS(X)
#undef X

const struct cmd *const cmd_list[] = {
#define X(name) &cmd_##name,
    CMDS(X)
#undef X
        NULL,
};

const char *const cmd_groups[] = {
    "run it", "ask it", "make and check", "this program", NULL,
};
