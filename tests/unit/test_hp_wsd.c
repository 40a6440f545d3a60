#include "lib/t.h"

#include "lib/hp.h"

#define DRAFT "http://schemas.xmlsoap.org/ws/2005/04/discovery"
#define OASIS "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"
#define ENVELOPE(ns, action, id, body)                                                             \
  "<?xml version=\"1.0\"?>\n<s:Envelope xmlns:d=\"" ns "\"><s:Header><a:Action>" ns "/" action     \
  "</a:Action><a:MessageID>" id "</a:MessageID></s:Header><s:Body>" body "</s:Body></s:Envelope>"
static const struct hp_row rows[] = {
    {"Probe", HP_ANSWER, NULL, ENVELOPE(DRAFT, "Probe", "urn:uuid:1", "<d:Probe/>")},
    {"Probe of 2009", HP_ANSWER, NULL,
     ENVELOPE(OASIS, "Probe", "urn:uuid:2", "<d:Probe></d:Probe>")},
    {"what attacks send", HP_ANSWER, NULL, "<:/>\n"},
    {"Resolve", HP_OBSERVE, NULL,
     ENVELOPE(DRAFT, "Resolve", "urn:uuid:3", "<d:Resolve></d:Resolve>")},
    {"ProbeMatches", HP_LOOP, NULL, ENVELOPE(DRAFT, "ProbeMatches", "x", "<d:ProbeMatches/>")},
    {"Hello", HP_LOOP, NULL, ENVELOPE(DRAFT, "Hello", "x", "<d:Hello></d:Hello>")},
    {"another envelope", HP_IGNORE, NULL, "<s:Envelope><s:Body></s:Body></s:Envelope>"},
    {"text", HP_IGNORE, NULL, "hello"},
    {"long, and no envelope", HP_IGNORE, NULL,
     "<xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>"},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("wsd", rows, PRAC_ARRAY_LEN(rows)));
}

/* Every element that opens closes, in order: enough of XML for what we write. */
static void well_formed(const struct hp_said *said)
{
  char open[16][32], text[HP_REPLY_MAX + 1];
  int depth = 0;
  memcpy(text, said->b, said->n);
  text[said->n] = '\0';
  for (char *p = strchr(text, '<'); p; p = strchr(p + 1, '<')) {
    if (p[1] == '?') continue;
    char name[32] = {0};
    assert_int_equal(sscanf(p + 1, "%31[^ >]", name), 1);
    if (name[0] == '/') {
      assert_true(depth > 0);
      assert_string_equal(name + 1, open[--depth]);
    } else {
      assert_true(depth < 16);
      memcpy(open[depth++], name, sizeof name);
    }
  }
  assert_int_equal(depth, 0);
}

static void matches(void **s)
{
  (void)s;
  struct hp_said old = hp_ask_text("wsd", rows[0].text), new = hp_ask_text("wsd", rows[1].text);
  well_formed(&old);
  well_formed(&new);
  assert_non_null(hp_find(&old, "<a:RelatesTo>urn:uuid:1</a:RelatesTo>"));
  assert_non_null(hp_find(&old, DRAFT "/ProbeMatches<"));
  assert_non_null(hp_find(&new, OASIS "/ProbeMatches<"));
  assert_null(hp_find(&new, DRAFT));
  assert_non_null(hp_find(&old, "<d:XAddrs>http://198.51.100.1/"));
  struct hp_said odd = hp_ask_text("wsd", ENVELOPE(DRAFT, "Probe", "a&b", "<d:Probe/>"));
  well_formed(&odd);
  assert_null(hp_find(&odd, "RelatesTo")); /* nothing is repeated that could break the XML */
}

static void faults(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_text("wsd", "<:/>\n");
  well_formed(&said);
  assert_non_null(hp_find(&said, "<s:Fault>"));
  assert_true(said.n > 450);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(matches),
                                 cmocka_unit_test(faults)};
  return cmocka_run_group_tests_name("hp_wsd", t, NULL, NULL);
}
