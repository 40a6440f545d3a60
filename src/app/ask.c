#include "app/ask.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

prac_rc ask_line(const char *prompt, bool secret, char *to, size_t cap, struct prac_err *reterr)
{
  struct termios was, quiet;
  bool terminal = isatty(STDIN_FILENO) != 0;
  bool hide = secret && terminal && tcgetattr(STDIN_FILENO, &was) == 0;
  if (terminal) fprintf(stderr, "%s: ", prompt);
  if (hide) {
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  bool got = fgets(to, (int)cap, stdin) != NULL;
  if (hide) {
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    fputc('\n', stderr);
  }
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
