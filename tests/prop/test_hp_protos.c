/* What holds for every vector and any bytes: an answer within max_reply, no read beyond the request
 * (the request lies in a block of its own size), the same answer twice, and no answer to an answer
 * of any vector on the port, so that a loop between two sensors dies at once. */
#include "lib/t.h"

#include <dirent.h>

#include "lib/choice.h"
#include "lib/hp.h"

enum { SEEDS_MAX = 256 };
static struct seed {
  const struct hp_proto *p;
  size_t n;
  uint8_t b[HP_REQUEST_MAX];
} seeds[SEEDS_MAX];
static size_t n_seeds;

/* The fuzz target's corpus: first byte the vector's place in the registry, then a real request. */
static void load_seeds(void)
{
  char dir[1024], path[1400];
  const char *source = getenv("PRACTICE_SOURCE");
  size_t vectors = 0;
  while (hp_protos[vectors]) vectors++;
  snprintf(dir, sizeof dir, "%.900s/fuzz/corpus/hp_proto", source ? source : ".");
  DIR *d = opendir(dir);
  if (!d) return;
  for (struct dirent *e; (e = readdir(d)) != NULL && n_seeds < SEEDS_MAX;) {
    uint8_t b[HP_REQUEST_MAX + 1];
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
    FILE *f = fopen(path, "rbe");
    size_t n = f ? fread(b, 1, sizeof b, f) : 0;
    if (f) fclose(f);
    if (n == 0) continue;
    struct seed *s = &seeds[n_seeds++];
    *s = (struct seed){.p = hp_protos[b[0] % vectors], .n = n - 1};
    memcpy(s->b, b + 1, n - 1);
  }
  closedir(d);
}

static bool said_same(const struct hp_said *a, const struct hp_said *b)
{
  return a->verdict == b->verdict && a->n == b->n && memcmp(a->b, b->b, a->n) == 0 &&
         strcmp(a->note.name, b->note.name) == 0;
}

static bool note_is_printable(const struct hp_note *note)
{
  size_t n = strnlen(note->name, sizeof note->name);
  for (size_t i = 0; i < n; i++)
    if (note->name[i] < 0x20 || note->name[i] > 0x7e) return false;
  return n < sizeof note->name;
}

/* Two sensors that throw answers at each other: whichever service the answer is sent to, what comes
 * back is not answered any more. On its own port an answer is not answered at all. */
static bool loop_dies(const struct hp_proto *p, const struct hp_self *self,
                      const struct hp_said *said)
{
  for (const struct hp_proto *const *q = hp_protos; *q; q++) {
    struct hp_said back = hp_ask_as(*q, self, said->b, said->n, HP_SPORT);
    if (back.verdict != HP_ANSWER) continue;
    if (hp_on_port(*q, p->ports[0])) return false;
    if (hp_ask_as(p, self, back.b, back.n, HP_SPORT).verdict == HP_ANSWER) return false;
  }
  return true;
}

static int holds_for(const struct hp_proto *p, const struct hp_self *self, const uint8_t *b,
                     size_t n)
{
  struct hp_said said = hp_ask_as(p, self, b, n, HP_SPORT);
  struct hp_said again = hp_ask_as(p, self, b, n, HP_SPORT);
  if (!said_same(&said, &again) || !note_is_printable(&said.note)) return 0;
  if (said.verdict != HP_ANSWER) return 1;
  return said.n <= p->max_reply && p->max_reply <= HP_REPLY_MAX && loop_dies(p, self, &said);
}

static struct hp_self any_self(struct choice *c)
{
  static const char *const hosts[] = {"gw-3f2a", "a",
                                      "srv-0123456789-0123456789-0123456789-012345678"};
  struct hp_self self = hp_self_made();
  self.seed = choice_below(c, UINT32_MAX);
  self.host = hosts[choice_below(c, 3)];
  self.uptime_s = choice_below(c, 1u << 28);
  self.now += (int64_t)choice_below(c, 1u << 30) * PRAC_SEC;
  if (choice_u8(c) & 1) self.own = (struct prac_ip){{0x20, 1, 0x0d, 0xb8, [15] = 1}};
  return self;
}

static int any_bytes(struct choice *c)
{
  const struct hp_self self = any_self(c);
  size_t n = (size_t)(c->end - c->p);
  for (const struct hp_proto *const *p = hp_protos; *p; p++)
    if (!holds_for(*p, &self, c->p, n)) return 0;
  return 1;
}

static int changed_requests(struct choice *c)
{
  const struct hp_self self = any_self(c);
  const struct seed *s = &seeds[choice_below(c, (uint32_t)n_seeds)];
  uint8_t b[HP_REQUEST_MAX];
  size_t n = s->n;
  memcpy(b, s->b, n);
  for (unsigned k = choice_below(c, 5); k > 0 && n > 0; k--) {
    size_t at = choice_below(c, (uint32_t)n);
    switch (choice_u8(c) % 4) {
    case 0:
      b[at] = choice_u8(c);
      break;
    case 1:
      b[at] ^= (uint8_t)(1 << choice_u8(c) % 8);
      break;
    case 2:
      n = at;
      break;
    default:
      if (n < sizeof b) memmove(b + at + 1, b + at, n++ - at);
      break;
    }
  }
  return holds_for(s->p, &self, b, n);
}

static void any_bytes_are_survived(void **s)
{
  (void)s;
  assert_true(prop_check("any bytes", any_bytes, 1, 10000));
}

static void changed_requests_are_survived(void **s)
{
  (void)s;
  assert_true(n_seeds > 60);
  assert_true(prop_check("changed requests", changed_requests, 2, 200000));
}

static void the_table_is_sound(void **s)
{
  (void)s;
  for (const struct hp_proto *const *p = hp_protos; *p; p++) {
    assert_non_null((*p)->answer);
    assert_true((*p)->name[0] && strlen((*p)->title) > 1 && strlen((*p)->about) > 20);
    assert_true((*p)->ports[0] != 0 && (*p)->max_reply <= HP_REPLY_MAX);
    assert_ptr_equal(hp_proto_find((*p)->name), *p); /* no name twice */
  }
  assert_null(hp_proto_find("no_such"));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(the_table_is_sound),
      cmocka_unit_test(any_bytes_are_survived),
      cmocka_unit_test(changed_requests_are_survived),
  };
  load_seeds();
  return cmocka_run_group_tests_name("hp_protos", t, NULL, NULL);
}
