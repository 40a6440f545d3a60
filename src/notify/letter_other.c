/* Subjects, digests and the letters about alerts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "notify/letter.h"
#include "notify/zone.h"

enum { HOSTS_SHOWN = 32 };

static void subject_episode(const struct note_item *it, const char *net, struct note_text *to)
{
  char ip[PRAC_IP_TEXT], title[32];
  const struct episode *e = it->episode;
  const char *state = note_state(it);
  bool end = strcmp(state, "end") == 0, upd = strcmp(state, "update") == 0,
       again = strcmp(state, "resume") == 0;
  note_vector_title(e->vectors.n ? e->vectors.v[0] : "", title);
  const char *more = e->vectors.n > 1 ? " +" : "";
  if (note_in_japanese(it)) {
    note_text_word(to, net);
    note_text_add(to, "%sDRDoS攻撃%s", net[0] ? "宛" : "",
                  end     ? "終了通知"
                  : upd   ? "継続通知"
                  : again ? "再開通知"
                          : "開始通知");
  } else {
    note_text_add(to, "DRDoS attack %s",
                  end     ? "ended"
                  : upd   ? "goes on"
                  : again ? "again"
                          : "started");
    if (net[0]) note_text_add(to, " on ");
    note_text_word(to, net);
  }
  note_text_add(to, ": %s (%s%s)", note_target_text(e, ip), title, more);
}

void note_letter_subject(const struct note_item *it, struct note_text *to)
{
  bool is_ja = note_in_japanese(it);
  const char *net = it->tenant->network ? it->tenant->network : "";
  if (it->episode) {
    subject_episode(it, net, to);
  } else if (it->errand) {
    note_text_add(to, is_ja ? "通知先アドレスの確認" : "confirm this address for notifications");
  } else if (it->alert) {
    note_text_add(to, "%s %s: ", is_ja ? "アラート" : "alert", it->alert->state);
    note_text_word(to, it->alert->title);
  } else {
    note_text_word(to, net);
    note_text_add(to, is_ja ? "%sDRDoS攻撃まとめ: %u 件" : "%sDRDoS attacks, digest: %u",
                  net[0] ? " " : "", it->digest->n + it->digest->n_alerts);
  }
}

void note_letter_alert(const struct note_item *it, struct note_text *to)
{
  const struct alert *a = it->alert;
  char at[PRAC_TIME_TEXT], from[PRAC_TIME_TEXT];
  int64_t off = it->tenant->utc_offset_s;
  bool is_ja = note_in_japanese(it);
  note_text_word(to, a->title);
  note_text_add(to, "\n\n[%s]\n", is_ja ? "状態" : "State");
  note_text_word(to, a->state);
  note_text_add(to, " (%s : ", is_ja ? "重大度" : "severity");
  note_text_word(to, a->severity);
  note_text_add(to, ")\n%s - %s\n\n[%s]\n", note_zone_text(from, a->from, off),
                note_zone_text(at, a->at, off), is_ja ? "内容" : "What");
  note_text_word(to, a->text);
  note_text_add(to, "\n\n[%s]\n", is_ja ? "関係アドレス" : "Addresses");
  for (uint32_t i = 0; i < a->hosts.n && i < HOSTS_SHOWN; i++) {
    char ip[PRAC_IP_TEXT];
    note_text_add(to, "%s\n", prac_ip_text(ip, &a->hosts.v[i]));
  }
  if (a->host_count > HOSTS_SHOWN) note_text_add(to, "... (%" PRIu64 ")\n", a->host_count);
  note_text_add(to, "\n[%s]\n", is_ja ? "根拠" : "Evidence");
  note_text_add(to, "practice explain ");
  note_text_word(to, a->id);
  note_text_add(to, "\n%s", a->tlp && a->tlp[0] ? "\n" : "");
  note_text_word(to, a->tlp);
  if (a->tlp && a->tlp[0]) note_text_put(to, "\n", 1);
}

/* Nothing in it but the name of the account is anybody's choice: it may go to a stranger. */
void note_letter_errand(const struct note_item *it, struct note_text *to)
{
  bool is_ja = note_in_japanese(it);
  note_text_add(to, is_ja ? "PRACTICE ポータルの利用者 "
                          : "Somebody who signs in to a PRACTICE portal as ");
  note_text_word(to, it->errand->user);
  note_text_add(to, is_ja ? " が、このアドレスを通知先に指定しました。\n\n[確認コード]\n"
                          : " wants to have attacks and alerts told to this address.\n\n[Code]\n");
  note_text_word(to, it->errand->code);
  note_text_add(to, "\n\n%s",
                is_ja ? "ポータルの「通知」画面でこのコードを入力すると、通知が始まります。\n"
                        "心当たりがない場合は、このメールを無視してください。何も送信されません。\n"
                      : "Enter it in the portal's view Subscriptions, and messages begin.\n"
                        "If you know nothing of this, do nothing: nothing more will be sent.\n");
}

static void digest_row(const struct note_item *it, const struct episode *e, struct note_text *to)
{
  char ip[PRAC_IP_TEXT], title[32], from[PRAC_TIME_TEXT], till[PRAC_TIME_TEXT];
  int64_t off = it->tenant->utc_offset_s;
  bool is_ja = note_in_japanese(it), end = strcmp(e->state, "end") == 0;
  note_zone_text(from, e->from, off);
  note_zone_text(till, e->to, off);
  note_text_add(to, "%s  %s : port %u\n  %s - %s  ", note_target_text(e, ip),
                note_vector_title(e->vectors.n ? e->vectors.v[0] : "", title), e->port, from, till);
  note_text_add(to, "%s : %" PRIu64 " (%s)\n", is_ja ? "総パケット数" : "Total packets", e->packets,
                end ? (is_ja ? "終了" : "ended") : (is_ja ? "継続中" : "goes on"));
}

void note_letter_digest(const struct note_item *it, struct note_text *to)
{
  char from[PRAC_TIME_TEXT], till[PRAC_TIME_TEXT];
  const struct note_digest *d = it->digest;
  int64_t off = it->tenant->utc_offset_s;
  note_zone_text(from, d->from, off);
  note_zone_text(till, d->to, off);
  note_text_add(to,
                note_in_japanese(it)
                    ? "%s から %s までの %u 件をまとめてお知らせします。\n\n[攻撃対象IP]\n"
                    : "From %s to %s: %u attacks in one message, because there were many.\n\n"
                      "[Target IP]\n",
                from, till, d->n + d->n_alerts);
  for (uint32_t i = 0; i < d->n; i++) digest_row(it, d->episodes[i], to);
  for (uint32_t i = 0; i < d->n_alerts; i++) {
    note_text_word(to, d->alerts[i]->title);
    note_text_add(to, " (");
    note_text_word(to, d->alerts[i]->state);
    note_text_add(to, ")\n");
  }
}
