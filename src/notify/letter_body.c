/* What a letter says. The order, the brackets and the colons of the first system's mails are kept
 * to the letter: people have filters on them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/country.h"
#include "base/real.h"
#include "notify/letter.h"
#include "notify/zone.h"

enum { HOSTS_SHOWN = 32, BIN_S = 60 };

/* Every word that differs between the languages. */
struct words {
  const char *start, *end, *update, *resume; /* %s: the network */
  const char *on_none;                       /* ... when the network has no name */
  const char *target, *detected, *period, *protocol, *details, *asn, *country, *max, *mean, *total,
      *domain;
};
static const struct words ja = {
    .start = "%s宛DRDoS攻撃を観測しましたので、お知らせします。",
    .end = "%s宛DRDoS攻撃観測結果について、以下の通りお知らせします。",
    .update = "%s宛DRDoS攻撃は継続しています。途中経過をお知らせします。",
    .resume = "%s宛DRDoS攻撃が再開しましたので、お知らせします。",
    .on_none = "貴組織",
    .target = "攻撃対象IP",
    .detected = "検知時刻",
    .period = "検知時刻/終了時刻",
    .protocol = "プロトコル",
    .details = "DRDoS Honeypot 詳細データ",
    .asn = "AS番号",
    .country = "country",
    .max = "pps(最大)",
    .mean = "pps(平均)",
    .total = "総パケット数",
    .domain = "ドメイン",
};
static const struct words en = {
    .start = "We have observed a DRDoS attack on %s.",
    .end = "The DRDoS attack on %s has ended. This is what we observed.",
    .update = "The DRDoS attack on %s goes on. This is what we have observed so far.",
    .resume = "The DRDoS attack on %s has begun again.",
    .on_none = "your network",
    .target = "Target IP",
    .detected = "Detected at",
    .period = "Detected at/Ended at",
    .protocol = "Protocol",
    .details = "DRDoS honeypot details",
    .asn = "AS number",
    .country = "country",
    .max = "pps(max)",
    .mean = "pps(mean)",
    .total = "Total packets",
    .domain = "Domain",
};

bool note_in_japanese(const struct note_item *it)
{
  return it->tenant->language && strcmp(it->tenant->language, "ja") == 0;
}

const char *note_state(const struct note_item *it)
{
  const char *state = it->episode ? it->episode->state : it->alert ? it->alert->state : "digest";
  bool first = strcmp(it->thread, it->id) == 0;
  if (it->episode && first && strcmp(state, "end") != 0) return "start";
  return state;
}

const char *note_vector_title(const char *vector, char out[32])
{
  size_t n = 0;
  if (strncmp(vector, "port-", 5) == 0) vector = "udp";
  for (; n < 31 && vector[n] && vector[n] != '_'; n++) {
    char c = vector[n];
    if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
    out[n] = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ? c : '?';
  }
  out[n] = '\0';
  if (n == 0) (void)snprintf(out, 32, "UDP");
  return out;
}

const char *note_target_text(const struct episode *e, char out[PRAC_IP_TEXT])
{
  struct prac_prefix p = {.ip = e->victim, .bits = (uint8_t)e->prefix_bits};
  if (e->prefix_bits == 0 || e->prefix_bits >= 128) return prac_ip_text(out, &e->victim);
  return prac_prefix_text(out, &p);
}

/* ---- sections ---- */

static void section(struct note_text *to, const char *title)
{
  note_text_add(to, "[%s]\n", title);
}

static void sentence(struct note_text *to, const struct note_item *it, const struct words *w)
{
  const char *state = note_state(it), *network = it->tenant->network;
  const char *form = strcmp(state, "end") == 0      ? w->end
                     : strcmp(state, "update") == 0 ? w->update
                     : strcmp(state, "resume") == 0 ? w->resume
                                                    : w->start;
  const char *gap = strstr(form, "%s");
  note_text_put(to, form, (size_t)(gap - form));
  note_text_word(to, network && network[0] ? network : w->on_none);
  note_text_add(to, "%s\n\n", gap + 2);
}

static void target(struct note_text *to, const struct episode *e, const struct words *w, bool is_ja)
{
  char ip[PRAC_IP_TEXT];
  note_target_text(e, ip);
  section(to, w->target);
  if (e->host_count > 0)
    note_text_add(to, is_ja ? "%s (攻撃対象アドレス数 : %u)\n" : "%s (attacked addresses: %u)\n",
                  ip, e->host_count);
  else
    note_text_add(to, "%s\n", ip);
  uint32_t n = e->hosts.n < HOSTS_SHOWN ? e->hosts.n : HOSTS_SHOWN;
  for (uint32_t i = 0; i < n; i++) note_text_add(to, "%s\n", prac_ip_text(ip, &e->hosts.v[i]));
  if (n && e->host_count > n)
    note_text_add(to, is_ja ? "ほか %u アドレス\n" : "and %u more\n", e->host_count - n);
}

static void when(struct note_text *to, const struct note_item *it, const struct words *w)
{
  char from[PRAC_TIME_TEXT], till[PRAC_TIME_TEXT];
  int64_t off = it->tenant->utc_offset_s;
  bool end = strcmp(note_state(it), "end") == 0;
  note_zone_text(from, it->began, off);
  note_text_put(to, "\n", 1);
  section(to, end ? w->period : w->detected);
  if (end)
    note_text_add(to, "%s/%s\n\n", from, note_zone_text(till, it->episode->to, off));
  else
    note_text_add(to, "%s\n\n", from);
}

static void protocol(struct note_text *to, const struct episode *e, const struct words *w)
{
  char title[32];
  section(to, w->protocol);
  if (e->vectors.n <= 1)
    note_text_add(to, "%s : port %u\n",
                  note_vector_title(e->vectors.n ? e->vectors.v[0] : "", title), e->port);
  else /* only the first one's port is known */
    for (uint32_t i = 0; i < e->vectors.n && i < HOSTS_SHOWN; i++) {
      note_text_add(to, "%s", note_vector_title(e->vectors.v[i], title));
      if (i == 0) note_text_add(to, " : port %u", e->port);
      note_text_put(to, "\n", 1);
    }
  note_text_put(to, "\n", 1);
}

static void country(struct note_text *to, const char *letters)
{
  const char *name = NULL;
  if (letters && letters[0] && letters[1] && !letters[2])
    name = prac_country_name(
        (uint16_t)((unsigned)(uint8_t)letters[0] << 8 | (unsigned)(uint8_t)letters[1]));
  note_text_word(to, name ? name : letters && letters[0] ? letters : "-");
}

static void details(struct note_text *to, const struct note_item *it, const struct words *w)
{
  const struct episode *e = it->episode;
  char max[PRAC_RATIO_TEXT], mean[PRAC_RATIO_TEXT];
  section(to, w->details);
  note_text_add(to, "%s : \"", w->asn);
  if (e->asn) note_text_add(to, "AS%u%s", e->asn, e->as_name && e->as_name[0] ? " " : "");
  note_text_word(to, e->asn || (e->as_name && e->as_name[0]) ? e->as_name : "-");
  note_text_add(to, "\"\n%s : \"", w->country);
  country(to, e->country);
  note_text_add(to, "\"\n%s : %s\n%s : %s\n", w->max, prac_ratio_text(max, e->bin_max, BIN_S),
                w->mean, prac_ratio_text(mean, e->packets, (uint64_t)BIN_S * e->bins));
  if (strcmp(note_state(it), "start") != 0)
    note_text_add(to, "%s : %" PRIu64 "\n", w->total, e->packets);
  note_text_put(to, "\n", 1);
  section(to, w->domain);
  if (e->rdns && e->rdns[0]) {
    note_text_word(to, e->rdns);
    note_text_put(to, "\n", 1);
  }
}

void note_letter_body(const struct note_item *it, struct note_text *to)
{
  const struct words *w = note_in_japanese(it) ? &ja : &en;
  if (it->digest) {
    note_letter_digest(it, to);
  } else if (it->alert) {
    note_letter_alert(it, to);
  } else if (it->errand) {
    note_letter_errand(it, to);
  } else {
    sentence(to, it, w);
    target(to, it->episode, w, w == &ja);
    when(to, it, w);
    protocol(to, it->episode, w);
    details(to, it, w);
  }
  note_text_add(to, "\n(end)\n");
}
