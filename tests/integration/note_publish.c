/* Puts records on the bus of a running practice, as its collector (or another role) would. Each
 * line of standard input is SUBJECT TAB ID TAB JSON; each is answered with "ID NANOSECONDS"
 * (CLOCK_MONOTONIC, taken before it was published) once the bus has it on disk. Usage: note_publish
 * SOCKET [ROLE] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "bus/local_client.h"
#include "sys/wall.h"

static prac_rc put(struct bus *b, char *line, struct prac_err *err)
{
  char *save = NULL, *subject = strtok_r(line, "\t", &save), *id = strtok_r(NULL, "\t", &save);
  char *json = strtok_r(NULL, "\n", &save);
  if (!json) return PRAC_FAIL(err, PRAC_MALFORMED, "not SUBJECT TAB ID TAB JSON");
  int64_t at = sys_mono_ns();
  prac_rc rc = PRAC_AGAIN;
  while (rc == PRAC_AGAIN) rc = b->ops->publish(b->st, subject, id, json, strlen(json), err);
  if (rc == PRAC_OK) do
      rc = b->ops->flush(b->st, PRAC_SEC, err);
    while (rc == PRAC_AGAIN);
  if (rc == PRAC_OK) printf("%s %" PRId64 "\n", id, at);
  (void)fflush(stdout);
  return rc;
}

int main(int argc, char **argv)
{
  struct bus_local_conf c = {.socket = argc > 1 ? argv[1] : "", .wait_ns = PRAC_SEC};
  struct bus_env env = {.client = argc > 2 ? argv[2] : "collector"};
  struct bus b = {.ops = NULL};
  struct prac_err err = {0};
  char *line = NULL;
  size_t cap = 0;
  prac_rc rc = bus_open("local", &c, &env, &b, &err);
  while (rc == PRAC_OK && getline(&line, &cap, stdin) > 0) rc = put(&b, line, &err);
  if (rc != PRAC_OK) fprintf(stderr, "note_publish: %s\n", err.text);
  free(line);
  if (b.ops) bus_close(&b);
  return rc != PRAC_OK;
}
