/* systemd units: each program gets the rights it needs and nothing of the rest. Checked with
 * systemd-analyze verify in tests/integration/t_site.py. */
#include "site/site.h"

#include <stdio.h>

#define HARDENING                                                                                  \
  "User=practice\n"                                                                                \
  "Group=practice\n"                                                                               \
  "UMask=0077\n"                                                                                   \
  "NoNewPrivileges=yes\n"                                                                          \
  "CapabilityBoundingSet=@caps@\n"                                                                 \
  "AmbientCapabilities=@caps@\n"                                                                   \
  "ProtectSystem=strict\n"                                                                         \
  "ReadWritePaths=@data@\n"                                                                        \
  "ProtectHome=yes\n"                                                                              \
  "PrivateTmp=yes\n"                                                                               \
  "PrivateDevices=yes\n"                                                                           \
  "ProtectClock=yes\n"                                                                             \
  "ProtectHostname=yes\n"                                                                          \
  "ProtectKernelLogs=yes\n"                                                                        \
  "ProtectKernelModules=yes\n"                                                                     \
  "ProtectKernelTunables=yes\n"                                                                    \
  "ProtectControlGroups=yes\n"                                                                     \
  "ProtectProc=invisible\n"                                                                        \
  "RestrictAddressFamilies=@families@\n"                                                           \
  "RestrictNamespaces=yes\n"                                                                       \
  "RestrictRealtime=yes\n"                                                                         \
  "RestrictSUIDSGID=yes\n"                                                                         \
  "LockPersonality=yes\n"                                                                          \
  "RemoveIPC=yes\n"                                                                                \
  "SystemCallArchitectures=native\n"                                                               \
  "SystemCallFilter=@calls@\n"

static const char server_form[] = "[Unit]\n"
                                  "Description=NATS server for practice\n"
                                  "After=network-online.target\n"
                                  "Wants=network-online.target\n"
                                  "StartLimitIntervalSec=0\n"
                                  "\n"
                                  "[Service]\n"
                                  "ExecStart=@program@ -c @conf@\n"
                                  "ExecReload=/bin/kill -HUP $MAINPID\n"
                                  "KillSignal=SIGUSR2\n"
                                  "TimeoutStopSec=150\n"
                                  "Restart=always\n"
                                  "RestartSec=2\n"
                                  "LimitNOFILE=65536\n" HARDENING "MemoryDenyWriteExecute=yes\n"
                                  "\n"
                                  "[Install]\n"
                                  "WantedBy=multi-user.target\n";

void site_unit_server(struct site_text *t, const char *server, const char *conf, const char *data)
{
  const struct site_var vars[] = {{"program", server},
                                  {"conf", conf},
                                  {"data", data},
                                  {"caps", ""},
                                  {"families", "AF_INET AF_INET6 AF_UNIX"},
                                  {"calls", "@system-service"},
                                  {NULL, NULL}};
  site_text_fill(t, server_form, vars);
}

static const char role_form[] = "[Unit]\n"
                                "Description=practice @what@\n"
                                "After=practice-nats.service network-online.target\n"
                                "Wants=practice-nats.service network-online.target\n"
                                "StartLimitIntervalSec=0\n"
                                "\n"
                                "[Service]\n"
                                "ExecStart=@program@ @role@ --config @conf@\n"
                                "Restart=always\n"
                                "RestartSec=2\n"
                                "TimeoutStopSec=60\n" HARDENING "\n"
                                "[Install]\n"
                                "WantedBy=multi-user.target\n";

/* The sensor needs packets, the honeypot its ports below 1024; no more. */
void site_unit_role(struct site_text *t, const struct site_plan *p, const char *role)
{
  bool sensor = role[0] == 's';
  char conf[512];
  (void)snprintf(conf, sizeof conf, "%s/practice.yaml", p->dir);
  const struct site_var vars[] = {
      {"what", role},
      {"program", p->program},
      {"role", role},
      {"conf", conf},
      {"data", p->data},
      {"caps", sensor ? "CAP_NET_RAW" : "CAP_NET_RAW CAP_NET_BIND_SERVICE"},
      {"families", "AF_INET AF_INET6 AF_UNIX AF_PACKET AF_NETLINK"},
      {"calls", "@system-service"},
      {NULL, NULL}};
  site_text_fill(t, role_form, vars);
}

void site_unit_hub(struct site_text *t, const struct site_hub *h)
{
  char conf[512];
  (void)snprintf(conf, sizeof conf, "%s/practice.yaml", h->dir);
  const struct site_var vars[] = {{"what", "hub"},
                                  {"program", h->program},
                                  {"role", "run"},
                                  {"conf", conf},
                                  {"data", h->data},
                                  {"caps", ""},
                                  {"families", "AF_INET AF_INET6 AF_UNIX AF_NETLINK"},
                                  {"calls", "@system-service"},
                                  {NULL, NULL}};
  site_text_fill(t, role_form, vars);
}

void site_unit_user(struct site_text *t)
{
  site_text_add(t,
                "# systemd-sysusers: whom the programs run as.\nu practice - \"practice\" - -\n");
}
