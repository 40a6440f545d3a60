/* Levels are numbers where they are compared and words where people read them. */
#include <string.h>

#include "alert/alert.h"

static const char *const words[] = {"notice", "low", "medium", "high", "critical"};

const char *alert_severity_text(uint32_t level)
{
  if (level < 1) level = 1;
  if (level > PRAC_ARRAY_LEN(words)) level = PRAC_ARRAY_LEN(words);
  return words[level - 1];
}

uint32_t alert_severity_level(const char *severity)
{
  for (uint32_t i = 0; i < PRAC_ARRAY_LEN(words); i++)
    if (strcmp(words[i], severity) == 0) return i + 1;
  return 0;
}
