/* The one page for whoever sets up a site, in their language. The commands are the same in all of
 * them, and tests/integration/t_site.py types them as they stand. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "site/site.h"

const char *const site_langs[] = {"en", "ja", NULL};

#define INIT "  site# practice site init @site@ --hub @hub@@options@\n"
#define SEND "  site# scp @dir@/@site@.request @hub@:@site@.request\n"
#define ADD "  hub#  practice hub add-site @site@ @site@.request --dir @hub-dir@\n"
#define FETCH "  site# scp @hub@:@site@.bundle @dir@/@site@.bundle\n"
#define JOIN "  site# practice site join @dir@/@site@.bundle --dir @dir@\n"
#define USER "  site# systemd-sysusers @dir@/practice.sysusers\n"
#define OWN "  site# chown -R practice: @dir@ @data@\n"
#define START "  site# systemctl enable --now@units@\n"
#define LIST "  hub#  practice hub list --dir @hub-dir@\n"

static const char en[] =
    "SITE @site@: HOW IT COMES TO THE HUB\n"
    "\n"
    "You need: this machine with Debian's nats-server, its clock kept by NTP, and an outgoing\n"
    "connection to TCP port 7422 of @hub@ (no incoming one). \"site#\" is typed here, \"hub#\" at "
    "the\n"
    "hub, both as root. The private key, @dir@/site.key, never leaves this machine.\n"
    "\n"
    "1. Keys and settings (done when you read this from the file):\n" INIT
    "   What the sensor listens at, its country and its unused addresses: @dir@/practice.yaml\n"
    "2. The request goes to the hub, a bundle comes back:\n" SEND ADD FETCH JOIN
    "   Both commands show the fingerprint of the hub's authority. Compare them by telephone: if\n"
    "   they differ, somebody stands between you and the hub; stop.\n"
    "3. Start:\n" USER OWN START "4. Within a minute the hub shows the site as connected:\n" LIST
    "\n"
    "When the link is down the site goes on by itself and keeps everything, up to @max-store@ in\n"
    "@data@/nats; later the hub gets it in the order it was recorded. Nothing has to be done.\n"
    "Settings: practice check-config @dir@/practice.yaml, then systemctl restart.\n"
    "What it says: journalctl -u 'practice-*'. Another key or a lost machine: tell the hub, which\n"
    "revokes the site; then begin with step 1 in an empty directory.\n";

static const char ja[] =
    "拠点 @site@：ハブへの接続手順\n"
    "\n"
    "必要なもの：Debian の nats-server が入ったこの機械、NTP で合わせた時計、@hub@ の TCP 7422 "
    "番への\n"
    "外向き接続（内向きの接続は不要）。「site#」はこの機械で、「hub#」はハブで、どちらも root "
    "で入力し\n"
    "ます。秘密鍵 @dir@/site.key はこの機械の外に出ません。\n"
    "\n"
    "1. 鍵と設定を作る（このファイルを読んでいるなら済んでいます）：\n" INIT
    "   センサーの待ち受け先、国、未使用アドレスは @dir@/practice.yaml に書きます。\n"
    "2. 申請書をハブへ送り、証明書の束を受け取る：\n" SEND ADD FETCH JOIN
    "   どちらの命令もハブの認証局の指紋（fingerprint）を表示します。電話で読み合わせてください。\n"
    "   違っていたら、途中に誰かがいます。中止してください。\n"
    "3. 起動する：\n" USER OWN START
    "4. 一分以内に、ハブの一覧で接続済み（connected）になります：\n" LIST "\n"
    "回線が切れても拠点は動き続け、@data@/nats に @max-store@ まで貯めます。回復後、記録した順に\n"
    "ハブへ届きます。操作は要りません。\n"
    "設定を変えたら practice check-config @dir@/practice.yaml で確かめ、systemctl restart "
    "します。\n"
    "記録は journalctl -u 'practice-*' で見ます。鍵を替えるときや機械を失ったときは、ハブに失効を\n"
    "頼み、空のディレクトリで手順 1 から始めてください。\n";

void site_howto(struct site_text *t, const struct site_plan *p, const struct site_way *w)
{
  char max[32];
  struct site_text units = {0};
  (void)snprintf(max, sizeof max, "%" PRIu64 " GB", p->max_store / 1000000000);
  site_text_add(&units, " %s/practice-nats.service %s/practice-sensor.service", p->dir, p->dir);
  if (p->honeypot) site_text_add(&units, " %s/practice-honeypot.service", p->dir);
  const struct site_var vars[] = {{"site", p->site},
                                  {"hub", w->hub},
                                  {"hub-dir", w->hub_dir},
                                  {"options", w->options},
                                  {"dir", p->dir},
                                  {"data", p->data},
                                  {"max-store", max},
                                  {"units", units.bad ? "" : units.buf},
                                  {NULL, NULL}};
  t->bad = t->bad || units.bad;
  site_text_fill(t, strcmp(w->lang, "ja") == 0 ? ja : en, vars);
  site_text_done(&units);
}
