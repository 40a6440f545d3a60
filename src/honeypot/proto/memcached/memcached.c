/* Memcached's UDP protocol (doc/protocol.txt): statistics are told, values never, nothing is
 * stored. Every datagram has a head of 8 bytes: request id, number, how many, reserved. */
#include <inttypes.h>

#include "honeypot/believe.h"
#include "wire/text.h"

enum { BINARY_REQUEST = 0x80, BINARY_RESPONSE = 0x81, KEY_NOTED = 60 };

static const char *const answers[] = {"STAT",         "END",          "VALUE",   "STORED",
                                      "NOT_STORED",   "ERROR",        "EXISTS",  "DELETED",
                                      "CLIENT_ERROR", "RESET",        "TOUCHED", "NOT_FOUND",
                                      "VERSION",      "SERVER_ERROR", "OK"};
static const char *const never[] = {
    "get",       "gets",      "gat",    "gats", "set",      "add",     "replace",
    "append",    "cas",       "delete", "incr", "decr",     "prepend", "touch",
    "flush_all", "verbosity", "quit",   "mg",   "ms",       "md",      "ma",
    "mn",        "me",        "slabs",  "lru",  "shutdown", "watch",   "cache_memlimit"};

static bool among(struct wire_text word, const char *const *list, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (wire_text_same(word, list[i])) return true;
  return false;
}

/* A statistic is a fixed text, or grows with the time: base + uptime * per_second. */
static const struct stat {
  const char *name, *text;
  uint32_t per_hour, base;
} general[] = {
    {"version", "1.4.15", 0, 0},
    {"libevent", "2.0.21-stable", 0, 0},
    {"pointer_size", "64", 0, 0},
    {"rusage_user", "112.064013", 0, 0},
    {"rusage_system", "204.330937", 0, 0},
    {"curr_connections", "11", 0, 0},
    {"total_connections", NULL, 41, 12},
    {"connection_structures", "26", 0, 0},
    {"reserved_fds", "20", 0, 0},
    {"cmd_get", NULL, 5303, 0},
    {"cmd_set", NULL, 611, 4},
    {"cmd_flush", "0", 0, 0},
    {"cmd_touch", "0", 0, 0},
    {"get_hits", NULL, 4790, 0},
    {"get_misses", NULL, 513, 0},
    {"delete_misses", "0", 0, 0},
    {"delete_hits", "0", 0, 0},
    {"incr_misses", "0", 0, 0},
    {"incr_hits", "0", 0, 0},
    {"decr_misses", "0", 0, 0},
    {"decr_hits", "0", 0, 0},
    {"cas_misses", "0", 0, 0},
    {"cas_hits", "0", 0, 0},
    {"cas_badval", "0", 0, 0},
    {"touch_hits", "0", 0, 0},
    {"touch_misses", "0", 0, 0},
    {"auth_cmds", "0", 0, 0},
    {"auth_errors", "0", 0, 0},
    {"bytes_read", NULL, 823117, 0},
    {"bytes_written", NULL, 4118231, 0},
    {"limit_maxbytes", "67108864", 0, 0},
    {"accepting_conns", "1", 0, 0},
    {"listen_disabled_num", "0", 0, 0},
    {"threads", "4", 0, 0},
    {"conn_yields", "0", 0, 0},
    {"hash_power_level", "16", 0, 0},
    {"hash_bytes", "524288", 0, 0},
    {"hash_is_expanding", "0", 0, 0},
    {"bytes", "318211", 0, 0},
    {"curr_items", "611", 0, 0},
    {"total_items", NULL, 611, 4},
    {"expired_unfetched", "0", 0, 0},
    {"evicted_unfetched", "0", 0, 0},
    {"evictions", "0", 0, 0},
    {"reclaimed", "0", 0, 0},
};
static const struct stat items[] = {
    {"items:5:number", "611", 0, 0},          {"items:5:age", NULL, 3600, 0},
    {"items:5:evicted", "0", 0, 0},           {"items:5:evicted_nonzero", "0", 0, 0},
    {"items:5:evicted_time", "0", 0, 0},      {"items:5:outofmemory", "0", 0, 0},
    {"items:5:tailrepairs", "0", 0, 0},       {"items:5:reclaimed", "0", 0, 0},
    {"items:5:expired_unfetched", "0", 0, 0}, {"items:5:evicted_unfetched", "0", 0, 0},
};
static const struct stat settings[] = {
    {"maxbytes", "67108864", 0, 0},
    {"maxconns", "1024", 0, 0},
    {"tcpport", "11211", 0, 0},
    {"udpport", "11211", 0, 0},
    {"inter", "NULL", 0, 0},
    {"verbosity", "0", 0, 0},
    {"oldest", "0", 0, 0},
    {"evictions", "on", 0, 0},
    {"domain_socket", "NULL", 0, 0},
    {"umask", "700", 0, 0},
    {"growth_factor", "1.25", 0, 0},
    {"chunk_size", "48", 0, 0},
    {"num_threads", "4", 0, 0},
    {"detail_enabled", "no", 0, 0},
    {"cas_enabled", "yes", 0, 0},
    {"tcp_backlog", "1024", 0, 0},
    {"item_size_max", "1048576", 0, 0},
};

static void put_stats(const struct hp_self *self, const struct stat *s, size_t n, struct prac_wr *w)
{
  const uint64_t up = self->uptime_s > 0 ? (uint64_t)self->uptime_s : 0;
  for (const struct stat *end = s + n; s < end; s++) {
    if (s->text)
      wire_text_putf(w, "STAT %s %s\r\n", s->name, s->text);
    else
      wire_text_putf(w, "STAT %s %" PRIu64 "\r\n", s->name,
                     s->base + up / 3600 * s->per_hour + up % 3600 * s->per_hour / 3600);
  }
}

static enum hp_verdict command_stats(const struct hp_self *self, struct wire_text what,
                                     struct prac_wr *w)
{
  if (what.n == 0) {
    wire_text_putf(w, "STAT pid %u\r\nSTAT uptime %lld\r\nSTAT time %lld\r\n",
                   900 + hp_believe_below(self, "pid", 28000), (long long)self->uptime_s,
                   (long long)(self->now / PRAC_SEC));
    put_stats(self, general, PRAC_ARRAY_LEN(general), w);
  } else if (wire_text_same(what, "items")) {
    put_stats(self, items, PRAC_ARRAY_LEN(items), w);
  } else if (wire_text_same(what, "settings")) {
    put_stats(self, settings, PRAC_ARRAY_LEN(settings), w);
  } else if (wire_text_same(what, "sizes")) {
    wire_text_put(w, "STAT 544 611\r\n");
  } else {
    return HP_OBSERVE; /* reset, detail, cachedump */
  }
  wire_text_put(w, "END\r\n");
  return hp_written(w);
}

static void take_note(struct hp_note *note, struct wire_text command, struct wire_text key)
{
  hp_note_bytes(note, command.p, command.n);
  if (key.n == 0) return;
  hp_note_text(note, " ");
  hp_note_bytes(note, key.p, key.n < KEY_NOTED ? key.n : KEY_NOTED);
}

struct frame {
  uint16_t id, number, total;
};

/* A command of the text protocol. */
static enum hp_verdict command(const struct hp_self *self, const struct frame *f, struct prac_rd r,
                               struct hp_note *note, struct prac_wr *w)
{
  struct wire_text line;
  const bool whole = wire_text_find(wire_text_of(r), "\n") < prac_rd_left(&r);
  if (!wire_text_line(&r, &line)) return HP_IGNORE;
  struct wire_text word = wire_text_word(&line), what = wire_text_word(&line);
  if (among(word, answers, PRAC_ARRAY_LEN(answers))) return HP_LOOP;
  const bool stats = wire_text_same(word, "stats"), version = wire_text_same(word, "version");
  const bool told = stats || version;
  if (!told && !among(word, never, PRAC_ARRAY_LEN(never))) return HP_IGNORE;
  take_note(note, word, what);
  if (!told || !whole || f->number != 0 || f->total != 1) return HP_OBSERVE;
  prac_wr_u16(w, f->id);
  prac_wr_u16(w, 0);
  prac_wr_u16(w, 1);
  prac_wr_u16(w, 0);
  if (stats) return command_stats(self, what, w);
  wire_text_put(w, "VERSION 1.4.15\r\n");
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct frame f = {.id = prac_rd_u16(&r)};
  f.number = prac_rd_u16(&r);
  f.total = prac_rd_u16(&r);
  prac_rd_u16(&r); /* reserved */
  if (r.bad || f.number >= f.total || !prac_rd_left(&r)) return HP_IGNORE;
  if (*r.p == BINARY_REQUEST) return HP_OBSERVE;
  if (*r.p == BINARY_RESPONSE) return HP_LOOP;
  return command(self, &f, r, note, reply);
}

const struct hp_proto hp_memcached = {
    .name = "memcached",
    .title = "Memcached",
    .about = "memcached over UDP, doc/protocol.txt (CVE-2018-1000115)",
    .ports = {11211},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
