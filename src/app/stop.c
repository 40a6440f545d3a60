#include "app/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked;

static void on_signal(int sig)
{
  (void)sig;
  asked = 1;
}

void stop_install(void)
{
  struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
  (void)sigemptyset(&sa.sa_mask);
  (void)sigaction(SIGINT, &sa, NULL);
  (void)sigaction(SIGTERM, &sa, NULL);
}

bool stop_asked(void)
{
  return asked != 0;
}
