/* The queue's walk from lane to lane: each lane's oldest, all of them in turn, whatever waits
 * behind. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "notify/queue.h"

enum { LANES = 2 * NOTE_WALK + 300, BACKLOG = 3 };

static struct {
  int seen[LANES], wrong, again;
} met;

static void add(struct note_queue *q, int lane, int k, int64_t *ret)
{
  char id[32], name[16];
  (void)snprintf(id, sizeof id, "i%d.%d", lane, k);
  (void)snprintf(name, sizeof name, "s%d", lane);
  struct note_item_new n = {.id = id, .tenant = name, .rec = "{}", .len = 2};
  assert_int_equal(note_item_add(q, &n, ret, NULL), PRAC_OK);
  assert_int_equal(note_task_add(q, *ret, "hook", id, name, NULL), PRAC_OK);
}

/* Items were added round by round: the first round has the smallest numbers. */
static void meet(void *arg, int64_t n, const char *tenant, bool again)
{
  const int64_t *first = arg;
  int lane = atoi(tenant + 1);
  met.wrong += n != first[lane];
  met.seen[lane]++;
  met.again += again;
}

static int walk(struct note_queue *q, struct note_walk *w, int64_t *first)
{
  int times = 0;
  do {
    assert_int_equal(note_task_heads(q, "hook", w, meet, first, NULL), PRAC_OK);
    times++;
  } while (w->lane[0]);
  return times;
}

static void from_lane_to_lane(void **s)
{
  char dir[] = "/tmp/note-XXXXXX", cmd[64];
  struct note_queue *q = NULL;
  static int64_t first[LANES];
  struct note_walk w = {.when = {.now = 100, .far = 1000}};
  int64_t n;
  (void)s;
  assert_non_null(mkdtemp(dir));
  assert_int_equal(note_queue_open(dir, &q, NULL), PRAC_OK);
  for (int k = 0; k < BACKLOG; k++)
    for (int i = 0; i < LANES; i++) add(q, i, k, k ? &n : &first[i]);
  for (int i = 0; i < 10; i++) /* put off, put off before the clock was set back, done, failed */
    assert_int_equal(note_task_mark(q, first[i], "hook", i < 9 ? NOTE_WAITING : NOTE_TAKEN, i == 8,
                                    i < 4   ? 500
                                    : i < 8 ? 5000
                                            : 1,
                                    NULL, NULL),
                     PRAC_OK);
  first[9] += LANES; /* the next of its lane */
  assert_int_equal(note_queue_commit(q, NULL), PRAC_OK);
  assert_int_equal(walk(q, &w, first), 3);
  for (int i = 0; i < LANES; i++) assert_int_equal(met.seen[i], i >= 4);
  assert_int_equal(met.wrong, 0);
  assert_int_equal(met.again, 1);
  note_queue_close(&q);
  (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
  assert_int_equal(system(cmd), 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(from_lane_to_lane)};
  return cmocka_run_group_tests_name("notify_queue", t, NULL, NULL);
}
