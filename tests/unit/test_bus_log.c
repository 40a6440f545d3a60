/* The broker's log without the broker: what survives a crash at any byte, and what must not be
 * passed over in silence. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/local/blog.h"
#include "bus/local/places.h"
#include "lib/choice.h"
#include "lib/t.h"
#include "sys/durable.h"

static const struct bus_filter all = {.n = 1};

static char *make_dir(void **state)
{
  static char dir[64];
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/practice-log-XXXXXX");
  assert_non_null(mkdtemp(dir));
  return dir;
}

static void remove_dir(const char *dir)
{
  char cmd[96];
  const char *const names[] = {"ids", "places"};
  for (size_t i = 0; i < 2; i++) {
    snprintf(cmd, sizeof cmd, "%s/%s", dir, names[i]);
    unlink(cmd);
  }
  for (uint64_t seq = 1; seq < 4000; seq++) {
    snprintf(cmd, sizeof cmd, "%s/%020" PRIu64 ".log", dir, seq);
    unlink(cmd);
  }
  assert_int_equal(rmdir(dir), 0);
}

static struct bus_log_conf conf_of(const char *dir)
{
  return (struct bus_log_conf){
      .dir = dir, .segment_bytes = 4096, .max_bytes = 1 << 20, .dedup = 4096, .first_seq = 1};
}

static prac_rc put(struct bus_log *l, unsigned k, size_t len)
{
  static uint8_t data[1 << 16];
  char id[32];
  for (size_t i = 0; i < len; i++) data[i] = (uint8_t)(k + i);
  snprintf(id, sizeof id, "id-%u", k);
  struct bus_entry e = {.subject = {"flow.a", 6}, .id = {id, strlen(id)}, .data = data, .len = len};
  return bus_log_append(l, &e, false, NULL);
}

static size_t count_from(struct bus_log *l, uint64_t from, prac_rc *last)
{
  struct bus_cursor c;
  struct bus_entry e;
  size_t n = 0;
  bus_cursor_init(&c, from);
  while ((*last = bus_cursor_next(&c, l, &all, &e, NULL)) == PRAC_OK) {
    assert_int_equal(e.seq, from + n);
    assert_true(e.len == 0 || e.data[0] == (uint8_t)(e.seq - 1));
    n++;
  }
  bus_cursor_done(&c);
  return n;
}

static void only_what_is_committed_is_read(void **state)
{
  char *dir = make_dir(state);
  struct bus_log l;
  struct bus_log_conf c = conf_of(dir);
  prac_rc last;
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  assert_int_equal(put(&l, 0, 100), PRAC_OK);
  assert_int_equal(count_from(&l, 1, &last), 0);
  assert_int_equal(last, PRAC_AGAIN);
  assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  assert_int_equal(put(&l, 1, 100), PRAC_OK); /* staged, never written */
  assert_int_equal(count_from(&l, 1, &last), 1);
  bus_log_close(&l);
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  assert_int_equal(l.next, 2);
  assert_int_equal(put(&l, 0, 100), PRAC_EXISTS); /* known over the restart */
  assert_int_equal(put(&l, 1, 100), PRAC_OK);     /* not known: it never got in */
  bus_log_close(&l);
  remove_dir(dir);
}

static void ids_survive_the_deletion_of_their_segments(void **state)
{
  char *dir = make_dir(state);
  struct bus_log l;
  struct bus_log_conf c = conf_of(dir);
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  for (unsigned k = 0; k < 100; k++) {
    assert_int_equal(put(&l, k, 500), PRAC_OK);
    assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  }
  size_t before = l.n_segs;
  assert_true(before > 5);
  assert_true(bus_log_release(&l, 60) > 0);
  assert_true(bus_log_first(&l) > 1 && bus_log_first(&l) <= 61);
  assert_true(l.n_segs < before);
  bus_log_close(&l);
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  for (unsigned k = 0; k < 100; k++) assert_int_equal(put(&l, k, 500), PRAC_EXISTS);
  prac_rc last;
  uint64_t first = bus_log_first(&l);
  assert_int_equal(count_from(&l, first, &last), 101 - first);
  bus_log_close(&l);
  remove_dir(dir);
}

static uint8_t *file_of(const struct bus_log *l, uint64_t first, size_t *n, char *path, size_t cap)
{
  uint8_t *b;
  bus_log_path(l, first, path, cap);
  assert_int_equal(sys_read_file(path, 1 << 20, &b, n, NULL), PRAC_OK);
  return b;
}

static void write_file(const char *path, const uint8_t *b, size_t n)
{
  int fd = open(path, O_WRONLY | O_TRUNC);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, b, n), (ssize_t)n);
  close(fd);
}

/* Cut anywhere inside the last, unacknowledged group: everything before stays, nothing is refused.
 */
static void a_tail_torn_at_any_byte_is_cut(void **state)
{
  char *dir = make_dir(state);
  struct bus_log l;
  struct bus_log_conf c = conf_of(dir);
  char path[128];
  size_t n, safe;
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  for (unsigned k = 0; k < 5; k++) assert_int_equal(put(&l, k, 40), PRAC_OK);
  assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  safe = (size_t)l.segs[0].size;
  for (unsigned k = 5; k < 8; k++) assert_int_equal(put(&l, k, 40), PRAC_OK);
  assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  uint8_t *b = file_of(&l, 1, &n, path, sizeof path);
  bus_log_close(&l);
  for (size_t cut = safe; cut < n; cut++) {
    write_file(path, b, cut);
    prac_rc last;
    assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
    size_t have = count_from(&l, 1, &last);
    assert_true(have >= 5 && have < 8);
    assert_int_equal(last, PRAC_AGAIN);
    assert_int_equal(l.next, have + 1);
    bus_log_close(&l);
  }
  /* garbage instead of the group (power loss: blocks written out of order) */
  for (size_t at = safe; at < n; at += 7) {
    uint8_t keep = b[at];
    b[at] ^= 0x40;
    write_file(path, b, n);
    b[at] = keep;
    prac_rc last;
    assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
    assert_in_range(count_from(&l, 1, &last), 5, 8);
    bus_log_close(&l);
  }
  free(b);
  remove_dir(dir);
}

static void damage_of_what_was_acknowledged_stops_with_file_and_offset(void **state)
{
  char *dir = make_dir(state);
  struct bus_log l;
  struct bus_log_conf c = conf_of(dir);
  char path[128];
  size_t n;
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  for (unsigned k = 0; k < 6; k++) {
    assert_int_equal(put(&l, k, 40), PRAC_OK);
    assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  }
  uint8_t *b = file_of(&l, 1, &n, path, sizeof path);
  bus_log_close(&l);
  b[150] ^= 1; /* in the second message; the later ones say that it was on disk */
  write_file(path, b, n);
  struct prac_err err = {0};
  assert_int_equal(bus_log_open(&l, &c, NULL, &err), PRAC_DAMAGED);
  assert_non_null(strstr(err.text, path));
  assert_non_null(strstr(err.text, "at byte "));
  assert_non_null(strstr(err.text, "(message 2)"));
  bus_log_close(&l);
  c.skip_damaged = true;
  assert_int_equal(bus_log_open(&l, &c, NULL, &err), PRAC_OK);
  assert_int_equal(l.next, 7); /* no number is used twice */
  struct bus_cursor cur;
  struct bus_entry e;
  bus_cursor_init(&cur, 1);
  assert_int_equal(bus_cursor_next(&cur, &l, &all, &e, &err), PRAC_OK);
  assert_int_equal(bus_cursor_next(&cur, &l, &all, &e, &err), PRAC_DAMAGED);
  assert_int_equal(bus_cursor_skip(&cur, &l), 5);
  assert_int_equal(bus_cursor_next(&cur, &l, &all, &e, &err), PRAC_AGAIN);
  assert_int_equal(put(&l, 99, 40), PRAC_OK);
  assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  assert_int_equal(bus_cursor_next(&cur, &l, &all, &e, &err), PRAC_OK);
  assert_int_equal(e.seq, 7);
  bus_cursor_done(&cur);
  bus_log_close(&l);
  free(b);
  remove_dir(dir);
}

static void a_consumers_ack_also_proves_what_was_on_disk(void **state)
{
  char *dir = make_dir(state);
  struct bus_log l;
  struct bus_log_conf c = conf_of(dir);
  char path[128];
  size_t n;
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  for (unsigned k = 0; k < 3; k++) assert_int_equal(put(&l, k, 40), PRAC_OK);
  assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  uint8_t *b = file_of(&l, 1, &n, path, sizeof path);
  bus_log_close(&l);
  write_file(path, b, n - 30);
  c.acked = 3;
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_DAMAGED);
  bus_log_close(&l);
  free(b);
  remove_dir(dir);
}

static void a_full_device_loses_nothing_and_goes_on(void **state)
{
  char *dir = make_dir(state);
  struct bus_log l;
  struct bus_log_conf c = conf_of(dir);
  c.segment_bytes = 1 << 20;
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit old, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  small = (struct rlimit){5000, old.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  for (unsigned k = 0; k < 4; k++) assert_int_equal(put(&l, k, 1000), PRAC_OK);
  prac_rc first = bus_log_commit(&l, NULL);
  for (unsigned k = 4; k < 8; k++) assert_int_equal(put(&l, k, 1000), PRAC_OK);
  prac_rc second = bus_log_commit(&l, NULL), third = bus_log_commit(&l, NULL);
  setrlimit(RLIMIT_FSIZE, &old);
  assert_int_equal(first, PRAC_OK);
  assert_int_equal(second, PRAC_FULL);
  assert_int_equal(third, PRAC_FULL);
  prac_rc last;
  assert_int_equal(count_from(&l, 1, &last), 4);
  assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  assert_int_equal(count_from(&l, 1, &last), 8);
  bus_log_close(&l);
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  assert_int_equal(count_from(&l, 1, &last), 8);
  bus_log_close(&l);
  remove_dir(dir);
}

static void the_limit_holds_publishers_and_spares_derived_records(void **state)
{
  char *dir = make_dir(state);
  struct bus_log l;
  struct bus_log_conf c = conf_of(dir);
  c.max_bytes = 20000;
  assert_int_equal(bus_log_open(&l, &c, NULL, NULL), PRAC_OK);
  unsigned k = 0;
  while (put(&l, k, 1000) == PRAC_OK) {
    k++;
    assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  }
  assert_in_range(k, 10, 20);
  struct bus_entry e = {.subject = {"finding.x", 9}, .id = {"f", 1}, .data = NULL, .len = 0};
  assert_int_equal(bus_log_append(&l, &e, true, NULL), PRAC_OK);
  assert_int_equal(bus_log_commit(&l, NULL), PRAC_OK);
  assert_true(bus_log_release(&l, l.committed) > 0);
  assert_int_equal(put(&l, k, 1000), PRAC_OK);
  bus_log_close(&l);
  remove_dir(dir);
}

static void places_keep_the_older_copy_when_one_is_torn(void **state)
{
  char *dir = make_dir(state);
  struct bus_places p;
  struct bus_place *a, *b;
  assert_int_equal(bus_places_open(&p, dir, NULL), PRAC_OK);
  assert_int_equal(bus_places_take(&p, "store", 0, &a, NULL), PRAC_OK);
  assert_int_equal(bus_places_take(&p, "engine", 7, &b, NULL), PRAC_OK);
  for (uint64_t s = 1; s <= 10; s++) assert_int_equal(bus_places_ack(&p, a, s, NULL), PRAC_OK);
  assert_int_equal(bus_places_ack(&p, a, 3, NULL), PRAC_OK); /* never backwards */
  const char *who;
  assert_int_equal(bus_places_lowest(&p, &who), 7);
  assert_string_equal(who, "engine");
  assert_int_equal(bus_places_highest(&p), 10);
  size_t newest = a->gen & 1 ? 128 : 0, older = 128 - newest;
  assert_int_equal(pwrite(p.fd, "torn", 4, (off_t)newest + 60), 4);
  bus_places_close(&p);
  assert_int_equal(bus_places_open(&p, dir, NULL), PRAC_OK);
  assert_int_equal(bus_places_take(&p, "store", 0, &a, NULL), PRAC_OK);
  assert_int_equal(a->acked, 9);
  assert_int_equal(pwrite(p.fd, "torn", 4, (off_t)older + 60), 4);
  bus_places_close(&p);
  struct prac_err err = {0};
  assert_int_equal(bus_places_open(&p, dir, &err), PRAC_DAMAGED);
  assert_non_null(strstr(err.text, "places"));
  bus_places_close(&p);
  remove_dir(dir);
}

static int ids_behave_like_a_window(struct choice *c)
{
  enum { CAP = 8 };
  struct bus_ids d;
  uint64_t ring[4096];
  size_t n = 0;
  int ok = bus_ids_init(&d, CAP, 1) == PRAC_OK;
  while (ok && c->p < c->end && n < 4096) {
    uint64_t h = 1 + (uint64_t)(choice_u8(c) % 24) * 16; /* many collide in the table */
    bool known = false;
    for (size_t i = n > CAP ? n - CAP : 0; i < n; i++) known |= ring[i] == h;
    ok = bus_ids_has(&d, h) == known;
    bus_ids_add(&d, h);
    if (!known) ring[n++] = h;
    ok = ok && bus_ids_has(&d, h);
  }
  bus_ids_done(&d);
  return ok;
}
static void the_id_window_is_exact(void **state)
{
  (void)state;
  assert_true(prop_check("ids", ids_behave_like_a_window, 7, 2000));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_what_is_committed_is_read),
      cmocka_unit_test(ids_survive_the_deletion_of_their_segments),
      cmocka_unit_test(a_tail_torn_at_any_byte_is_cut),
      cmocka_unit_test(damage_of_what_was_acknowledged_stops_with_file_and_offset),
      cmocka_unit_test(a_consumers_ack_also_proves_what_was_on_disk),
      cmocka_unit_test(a_full_device_loses_nothing_and_goes_on),
      cmocka_unit_test(the_limit_holds_publishers_and_spares_derived_records),
      cmocka_unit_test(places_keep_the_older_copy_when_one_is_torn),
      cmocka_unit_test(the_id_window_is_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
