/* Letters: the first system's two mails to the digit, and strangers' names that would forge one. */
#include "lib/t.h"

#include <stdlib.h>

#include "lib/notes.h"
#include "notify/letter.h"

static const struct note_letter post = {.from = "practice@csirt.example",
                                        .host = "csirt.example",
                                        .tag = "[PRACTICE]",
                                        .readable = true};

static void letter(const struct note_letter *l, const struct note_item *it, struct note_text *t)
{
  *t = (struct note_text){.p = NULL};
  assert_int_equal(note_letter_write(l, it, t), PRAC_OK);
}

static void golden(const char *name, const struct note_item *it)
{
  struct note_text t;
  char path[512], want[8192];
  const char *root = getenv("PRACTICE_SOURCE");
  letter(&post, it, &t);
  (void)snprintf(path, sizeof path, "%s/tests/golden/%s", root ? root : ".", name);
  if (getenv("GOLDEN_ACCEPT")) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(t.p, 1, t.n, f), t.n);
    assert_int_equal(fclose(f), 0);
  }
  FILE *f = fopen(path, "r");
  if (!f) fail_msg("no %s", path);
  size_t n = fread(want, 1, sizeof want - 1, f);
  (void)fclose(f);
  want[n] = '\0';
  assert_string_equal(t.p, want);
  note_text_done(&t);
}

static void the_two_mails(void **s)
{
  (void)s;
  struct episode start = note_start(), end = note_end();
  struct note_tenant ja = note_tenant_ja(), en = note_tenant_en();
  struct note_item it = note_item_of(&start, &ja);
  golden("mail-start-ja.txt", &it);
  it = note_item_of(&end, &ja);
  golden("mail-end-ja.txt", &it);
  it = note_item_of(&start, &en);
  golden("mail-start-en.txt", &it);
  it = note_item_of(&end, &en);
  golden("mail-end-en.txt", &it);
}

/* The body as the seed has it, apart from what it blacked out. */
static void the_seeds_own_words(void **s)
{
  (void)s;
  static const char want[] = "XXXX網宛DRDoS攻撃観測結果について、以下の通りお知らせします。\n\n"
                             "[攻撃対象IP]\n203.0.113.9\n\n"
                             "[検知時刻/終了時刻]\n2015-04-01 09:02:03/2015-04-01 09:08:40\n\n"
                             "[プロトコル]\nNTP : port 123\n\n"
                             "[DRDoS Honeypot 詳細データ]\nAS番号 : \"AS64500 EXAMPLE-NET\"\n"
                             "country : \"Japan\"\npps(最大) : 71.683333333333334\n"
                             "pps(平均) : 58.96875\n総パケット数 : 28305\n\n[ドメイン]\n\n(end)\n";
  struct episode end = note_end();
  struct note_tenant ja = note_tenant_ja();
  struct note_item it = note_item_of(&end, &ja);
  struct note_text t = {.p = NULL};
  note_letter_body(&it, &t);
  assert_string_equal(t.p, want);
  note_text_done(&t);
}

/* Lines of a letter's head that begin with `field`. */
static int fields(const struct note_text *t, const char *field)
{
  int n = 0;
  for (const char *p = t->p; p && *p && *p != '\n' && *p != '\r'; p = strchr(p, '\n') + 1)
    n += strncmp(p, field, strlen(field)) == 0;
  return n;
}

static void strangers_cannot_write_letters(void **s)
{
  (void)s;
  static const char evil[] = "a.example\r\nBcc: all@example.net\r\n\r\n[\xe7\x80\x80 \xff\xfe"
                             "\xe2\x80\xa8"
                             "Bcc: x\xc2\x85y\x1b[2J";
  struct episode e = note_start();
  struct note_tenant ja = note_tenant_ja();
  e.rdns = evil;
  e.as_name = evil;
  e.country = evil;
  const char *v[] = {"ntp\r\nBcc: x"};
  e.vectors.v = v;
  ja.network = evil;
  const char *to[] = {"noc@isp.example\r\nBcc: x@example"};
  ja.mail_to = to;
  struct note_item it = note_item_of(&e, &ja);
  it.id = "e1\r\nBcc: x.1.xxxx";
  it.thread = "<e1>\nBcc: x";
  for (int readable = 0; readable < 2; readable++) {
    struct note_letter l = post;
    struct note_text t;
    l.readable = readable;
    letter(&l, &it, &t);
    assert_int_equal(fields(&t, "Bcc"), 0);
    assert_int_equal(fields(&t, "Message-ID: <e1__Bcc__x.1.xxxx@csirt.example>"), 1);
    assert_int_equal(fields(&t, "To:"), 1);
    assert_null(strstr(t.p, "\nBcc"));
    assert_null(strstr(t.p, "\x1b"));
    for (const char *c = t.p; !readable && *c; c++) assert_true((unsigned char)*c < 0x7f);
    note_text_done(&t);
  }
}

static void a_long_subject_is_folded(void **s)
{
  (void)s;
  struct episode e = note_start();
  struct note_tenant ja = note_tenant_ja();
  ja.network = "とてもとてもとてもとてもとてもとてもとてもとてもとてもとても長い名前のネットワーク";
  struct note_item it = note_item_of(&e, &ja);
  struct note_text t;
  letter(&post, &it, &t);
  for (const char *p = t.p, *end; (end = strchr(p, '\n')); p = end + 1)
    if (end - p > 78 && p[0] != '[' && strncmp(p, ja.network, 9) != 0)
      fail_msg("a line of %d bytes: %.80s", (int)(end - p), p);
  note_text_done(&t);
}

static void words(void **s)
{
  (void)s;
  char out[32];
  assert_string_equal(note_vector_title("ntp_monlist", out), "NTP");
  assert_string_equal(note_vector_title("dns", out), "DNS");
  assert_string_equal(note_vector_title("port-1234", out), "UDP");
  assert_string_equal(note_vector_title("", out), "UDP");
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(the_two_mails),
      cmocka_unit_test(the_seeds_own_words),
      cmocka_unit_test(strangers_cannot_write_letters),
      cmocka_unit_test(a_long_subject_is_folded),
      cmocka_unit_test(words),
  };
  return cmocka_run_group_tests_name("way_mail", t, NULL, NULL);
}
