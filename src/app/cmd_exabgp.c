/* `practice exabgp`: started by ExaBGP, not by us, so that no role ever executes a program. */
#include <signal.h>
#include <stdio.h>

#include "app/cmd.h"
#include "app/stop.h"
#include "notify/relay.h"

struct opts {
  const char *socket;
};
static const struct cmd_option options[] = {
    {"--socket", "PATH", "of the notifier (setting notify.bgp.socket)", CMD_TEXT,
     offsetof(struct opts, socket), .dflt = "./practice-data/notify/bgp/mitigate.sock"},
};
extern const struct cmd cmd_exabgp;

static void say(const char *sentence) /* stdout belongs to ExaBGP */
{
  fprintf(stderr, "practice exabgp: %s\n", sentence);
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct prac_err err = {0};
  int st = cmd_parse(&cmd_exabgp, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  stop_install();
  (void)signal(SIGPIPE, SIG_IGN);
  const struct bgp_relay_env env = {
      .socket = o.socket, .in = 0, .out = 1, .stop = stop_asked, .say = say};
  return bgp_relay_run(&env, &err) == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

const struct cmd cmd_exabgp = {
    .name = "exabgp",
    .about = "carry rules for routers to ExaBGP; started by ExaBGP itself",
    .group = "run it",
    .text = "Stands in ExaBGP's configuration: process practice { run /usr/bin/practice exabgp "
            "--socket PATH; encoder text; }. It reads rules at the notifier's socket, writes them "
            "as commands to standard output and brings ExaBGP's answers back. It passes on "
            "routes only. When the notifier is away it waits; a rule that the notifier does not "
            "renew in time is withdrawn.\n\n"
            "ExaBGP must acknowledge commands (exabgp.api.ack, its default). See "
            "docs/mitigation.md.",
    .examples = "practice exabgp --socket /var/lib/practice/notify/bgp/mitigate.sock\tas ExaBGP "
                "runs it\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
