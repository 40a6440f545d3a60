#include "lib/t.h"
int main(void)
{
  return cmocka_run_group_tests_name("riskport", (const struct CMUnitTest[]){{0}}, NULL, NULL);
}
