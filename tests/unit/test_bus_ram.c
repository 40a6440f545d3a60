#include "lib/t.h"

#include <string.h>

#include "bus/ram/ram.h"

static struct bus client(struct bus_ram_hub *hub, const char *name)
{
  struct bus b = {0};
  assert_int_equal(bus_open("ram", hub, &(struct bus_env){.client = name}, &b, NULL), PRAC_OK);
  return b;
}

static void say(struct bus *b, const char *subject, const char *id)
{
  assert_int_equal(b->ops->publish(b->st, subject, id, id, strlen(id), NULL), PRAC_OK);
}

static void hear(struct bus *b, const char *id)
{
  struct bus_msg m;
  assert_int_equal(b->ops->fetch(b->st, 0, &m, NULL), PRAC_OK);
  assert_int_equal(m.len, strlen(id));
  assert_memory_equal(m.data, id, m.len);
  assert_int_equal(b->ops->ack(b->st, m.seq, NULL), PRAC_OK);
}

static void hear_nothing(struct bus *b)
{
  struct bus_msg m;
  assert_int_equal(b->ops->fetch(b->st, 0, &m, NULL), PRAC_AGAIN);
}

static void subscribe(struct bus *b, const char *prefix)
{
  assert_int_equal(b->ops->subscribe(b->st, &prefix, 1, true, NULL), PRAC_OK);
}

static void everyone_hears_what_he_asked_for_once(void **s)
{
  (void)s;
  struct bus_ram_hub *hub = bus_ram_hub_new();
  struct bus a = client(hub, "a"), store = client(hub, "store"), engine = client(hub, "engine");
  subscribe(&store, "");
  subscribe(&engine, "flow.");
  say(&a, "flow.tokyo", "1");
  say(&a, "health.tokyo", "2");
  say(&a, "flow.tokyo", "1"); /* repeated: harmless */
  hear(&engine, "1");
  hear_nothing(&engine);
  hear(&store, "1");
  hear(&store, "2");
  hear_nothing(&store);
  bus_close(&a);
  bus_close(&store);
  bus_close(&engine);
  bus_ram_hub_free(&hub);
}

static void who_comes_back_goes_on_where_he_was(void **s)
{
  (void)s;
  struct bus_ram_hub *hub = bus_ram_hub_new();
  struct bus a = client(hub, "a"), store = client(hub, "store");
  subscribe(&store, "");
  say(&a, "x.1", "1");
  say(&a, "x.1", "2");
  hear(&store, "1");
  struct bus_msg m; /* fetched, never acked */
  assert_int_equal(store.ops->fetch(store.st, 0, &m, NULL), PRAC_OK);
  bus_close(&store);
  store = client(hub, "store");
  subscribe(&store, "");
  hear(&store, "2");
  hear_nothing(&store);
  assert_int_equal(bus_ram_hub_waiting(hub), 0);
  bus_close(&a);
  bus_close(&store);
  bus_ram_hub_free(&hub);
}

static void errors_say_why(void **s)
{
  (void)s;
  struct bus b;
  struct bus_msg m;
  struct prac_err err = {0};
  struct bus_env env = {.client = "x"};
  assert_int_equal(bus_open("carrier-pigeon", NULL, &env, &b, &err), PRAC_UNKNOWN);
  assert_non_null(strstr(err.text, "carrier-pigeon"));
  assert_int_equal(bus_open("ram", NULL, &env, &b, &err), PRAC_UNKNOWN);
  struct bus_ram_hub *hub = bus_ram_hub_new();
  b = client(hub, "x");
  assert_int_equal(b.ops->fetch(b.st, 0, &m, &err), PRAC_DENIED);
  assert_int_equal(b.ops->publish(b.st, "x", "", hub, (size_t)BUS_RAM_MAX_BYTES + 1, &err),
                   PRAC_FULL);
  bus_close(&b);
  bus_ram_hub_free(&hub);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(everyone_hears_what_he_asked_for_once),
      cmocka_unit_test(who_comes_back_goes_on_where_he_was),
      cmocka_unit_test(errors_say_why),
  };
  return cmocka_run_group_tests_name("bus_ram", t, NULL, NULL);
}
