#include "app/ask.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* Echo off, and the signals that end a program kept back, for as long as a secret is typed.
 */
struct quiet {
  struct termios was, now;
  sigset_t held, mask_was;
  int signals; /* signalfd */
};

static bool quiet_init(struct quiet *q)
{
  static const int ending[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
  if (tcgetattr(STDIN_FILENO, &q->was) != 0) return false;
  q->now = q->was;
  q->now.c_lflag &= ~(tcflag_t)ECHO;
  (void)sigemptyset(&q->held);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(ending); i++) (void)sigaddset(&q->held, ending[i]);
  (void)sigprocmask(SIG_BLOCK, &q->held, &q->mask_was);
  q->signals = signalfd(-1, &q->held, SFD_CLOEXEC);
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &q->now);
  return true;
}

static void quiet_done(struct quiet *q)
{
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &q->was);
  if (q->signals >= 0) close(q->signals);
  (void)sigprocmask(SIG_SETMASK, &q->mask_was, NULL);
  fputc('\n', stderr);
}

/* Until the line is there. A signal does what it would, but with the echo on. (Who stops us, as
 * Ctrl-Z does, is a shell, and brings its own terminal back.) */
static void quiet_wait(const struct quiet *q)
{
  struct pollfd p[] = {{STDIN_FILENO, POLLIN, 0}, {q->signals, POLLIN, 0}};
  struct signalfd_siginfo s;
  while (poll(p, PRAC_ARRAY_LEN(p), -1) > 0 && !p[0].revents) {
    if (read(q->signals, &s, sizeof s) != sizeof s) return;
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &q->was);
    (void)raise((int)s.ssi_signo);
    (void)sigprocmask(SIG_SETMASK, &q->mask_was, NULL); /* here */
    (void)sigprocmask(SIG_BLOCK, &q->held, NULL);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &q->now);
  }
}

prac_rc ask_line(const char *prompt, bool secret, char *to, size_t cap, struct prac_err *reterr)
{
  struct quiet q;
  bool terminal = isatty(STDIN_FILENO) != 0;
  bool hide = secret && terminal && quiet_init(&q);
  if (terminal) fprintf(stderr, "%s: ", prompt);
  if (hide) quiet_wait(&q);
  bool got = fgets(to, (int)cap, stdin) != NULL;
  if (hide) quiet_done(&q);
  if (!got) return PRAC_FAIL(reterr, PRAC_END, "%s: nothing was given", prompt);
  size_t n = strcspn(to, "\n");
  if (to[n] != '\n' && n == cap - 1)
    return PRAC_FAIL(reterr, PRAC_RANGE, "%s: longer than %zu bytes", prompt, cap - 2);
  to[n] = 0;
  return PRAC_OK;
}

prac_rc ask_password(const char *prompt, char *to, size_t cap, struct prac_err *reterr)
{
  char again[512];
  PRAC_TRY(ask_line(prompt, true, to, cap, reterr));
  if (!isatty(STDIN_FILENO) || !*to) return PRAC_OK;
  PRAC_TRY(ask_line("once more", true, again, sizeof again, reterr));
  bool same = strcmp(to, again) == 0;
  explicit_bzero(again, sizeof again);
  return same ? PRAC_OK : PRAC_FAIL(reterr, PRAC_MALFORMED, "these are two different passwords");
}
