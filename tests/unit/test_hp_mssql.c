#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"broadcast", HP_ANSWER, "02", NULL},
    {"unicast", HP_ANSWER, "03", NULL},
    {"padded with zeroes", HP_ANSWER, "02000000", NULL},
    {"one instance", HP_ANSWER, "04 73716c6578707265737300", NULL},
    {"an instance that is not there", HP_OBSERVE, "04 6f7468657200", NULL},
    {"an exploit", HP_OBSERVE,
     "04 4141414141414141414141414141414141414141414141414141414141414141414100", NULL},
    {"the administrators' port", HP_OBSERVE, "0f 01 73716c6578707265737300", NULL},
    {"a response", HP_LOOP, "05 0400 61626364", NULL},
    {"more behind it", HP_IGNORE, "02 61", NULL},
    {"an instance without end", HP_IGNORE, "04 6f74", NULL},
    {"another kind", HP_IGNORE, "07", NULL},
    {"nothing", HP_IGNORE, "", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("mssql", rows, PRAC_ARRAY_LEN(rows)));
}

static void instances(void **s)
{
  (void)s;
  struct hp_said all = hp_ask_hex("mssql", "02"), one = hp_ask_hex("mssql", rows[3].hex);
  assert_int_equal(all.b[0], 5);
  assert_int_equal(all.b[1] | all.b[2] << 8, all.n - 3);
  assert_non_null(
      hp_find(&all, "ServerName;GW-3F2A;InstanceName;MSSQLSERVER;IsClustered;No;Version;"));
  assert_non_null(hp_find(&all, ";;ServerName;GW-3F2A;InstanceName;SQLEXPRESS;"));
  assert_int_equal(memcmp(all.b + all.n - 2, ";;", 2), 0);
  assert_int_equal(one.b[1] | one.b[2] << 8, one.n - 3);
  assert_null(hp_find(&one, "MSSQLSERVER"));
  assert_string_equal(one.note.name, "sqlexpress");
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(instances)};
  return cmocka_run_group_tests_name("hp_mssql", t, NULL, NULL);
}
