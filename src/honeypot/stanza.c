#include "honeypot/stanza.h"
void hp_stanzas_free(struct hp_stanzas **sp)
{
  *sp = NULL;
}
size_t hp_stanzas_count(const struct hp_stanzas *s)
{
  (void)s;
  return 0;
}
const struct hp_stanza *hp_stanzas_at(const struct hp_stanzas *s, size_t i)
{
  (void)s;
  (void)i;
  return NULL;
}
const struct hp_stanza *hp_stanzas_find(const struct hp_stanzas *s, const char *name)
{
  (void)s;
  (void)name;
  return NULL;
}
prac_rc hp_stanzas_parse(const char *text, size_t n, const char *file, struct hp_stanzas **ret,
                         struct prac_err *reterr)
{
  (void)text;
  (void)n;
  (void)file;
  (void)ret;
  return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "not yet");
}
enum hp_verdict hp_stanza_answer(const struct hp_stanza *z, const struct hp_self *self,
                                 const struct hp_request *req, struct prac_wr *reply)
{
  (void)z;
  (void)self;
  (void)req;
  (void)reply;
  return HP_IGNORE;
}
