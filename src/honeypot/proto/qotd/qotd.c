/* QOTD (RFC 865): any datagram is answered by the quote of the day. */
#include <string.h>

#include "honeypot/believe.h"
#include "wire/text.h"

enum { REQUEST_MAX = 64, DAY_S = 86400 };

static const char *const quotes[] = {
    "\"A journey of a thousand miles begins with a single step. The road that is known to "
    "everybody "
    "has\r\n been walked by nobody in particular, and the map that was drawn last year shows the "
    "bridge that\r\n fell last winter.\" -- Proverb\r\n",
    "\"Fall seven times, stand up eight. Whoever counts the falls forgets to stand; whoever counts "
    "the\r\n standing has nothing left to count, and goes home early, before the rain.\" -- "
    "Proverb\r\n",
    "\"Even monkeys fall from trees. The tree does not laugh, the monkey does not explain, and the "
    "next\r\n morning both of them are where they were, a little wiser and not much lower.\" -- "
    "Proverb\r\n",
    "\"Better to ask and be a fool for a moment than not to ask and be one for a lifetime. But ask "
    "the\r\n one who has walked the road, not the one who has read the sign.\" -- Proverb\r\n",
    "\"The frog in the well knows nothing of the great ocean. It knows the well, the bucket and "
    "the "
    "hour\r\n of the rope, and about these three nobody can teach it anything.\" -- Proverb\r\n",
};

static bool is_quote(struct wire_text t)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(quotes); i++)
    if (t.n == strlen(quotes[i]) && memcmp(t.p, quotes[i], t.n) == 0) return true;
  return false;
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  (void)note;
  if (req->sport == req->dport || is_quote(wire_text_of(req->bytes))) return HP_LOOP;
  if (prac_rd_left(&req->bytes) > REQUEST_MAX) return HP_OBSERVE;
  uint64_t day = (uint64_t)(self->now / PRAC_SEC / DAY_S);
  wire_text_put(reply, quotes[(day + self->seed) % PRAC_ARRAY_LEN(quotes)]);
  return hp_written(reply);
}

const struct hp_proto hp_qotd = {
    .name = "qotd",
    .title = "QOTD",
    .about = "quote of the day, RFC 865: any datagram is a request",
    .ports = {17},
    .max_reply = 512,
    .answer = answer,
};
