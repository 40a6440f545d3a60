/* A scenario of sensors that do not see the same at the same time: what is heard abroad first, at
 * home first, everywhere, and abroad only. The first sensor (tokyo) is at home. */
#include "gen/gen_int.h"

enum { HOME = 1, ABROAD_1 = 2, ABROAD_2 = 4, ABROAD_3 = 8 };

static prac_rc plant_abroad(struct gen *g)
{
  static const struct gen_port udp[] = {{53413, 1}}, hnap[] = {{52869, 1}}, adb[] = {{5555, 1}},
                               huawei[] = {{37215, 1}}, web[] = {{60001, 1}};
#define EVENT(id, how, at, until, rate, hosts, where, which)                                       \
  {                                                                                                \
    .name = (id), .what = "event", .kind = (how), .from = gen_minute(g, (at)),                     \
    .to = gen_minute(g, (until)), .mpps = (rate), .sources = (hosts), .sensors = (where),          \
    .ports = (which), .n_ports = 1                                                                 \
  }
  struct gen_plan plans[] = {
      EVENT("background", GEN_PROBES, 0, 1440, gen_mpps(g), 8000, 0, NULL),
      /* abroad first: home an hour and a half later, the third sensor half an hour later */
      EVENT("wave-52869", GEN_PROBES, 900, 1200, 400, 240, ABROAD_1 | ABROAD_2, hnap),
      EVENT("wave-52869-third", GEN_PROBES, 930, 1200, 200, 240, ABROAD_3, hnap),
      EVENT("wave-52869-home", GEN_PROBES, 990, 1200, 200, 240, HOME, hnap),
      /* home first */
      EVENT("wave-5555", GEN_PROBES, 600, 720, 200, 200, HOME, adb),
      EVENT("wave-5555-abroad", GEN_PROBES, 620, 720, 600, 200, ABROAD_1 | ABROAD_2 | ABROAD_3,
            adb),
      /* everywhere at once */
      EVENT("wave-37215", GEN_PROBES, 780, 860, 1000, 300, 0, huawei),
      /* abroad only, and only there so far */
      EVENT("abroad-53413", GEN_UDP, 1260, 1440, 500, 220, ABROAD_2 | ABROAD_3, udp),
      EVENT("abroad-60001", GEN_PROBES, 1320, 1440, 300, 150, ABROAD_1, web),
  };
#undef EVENT
  for (size_t i = 0; i < PRAC_ARRAY_LEN(plans); i++) {
    if (i == 0) {
      plans[i].what = "background";
      plans[i].ports = gen_common_ports;
      plans[i].n_ports = gen_common_ports_n;
      plans[i].daily = true;
    }
    if (i == 2 || i == 3) plans[i].who = "wave-52869";
    if (i == 5) plans[i].who = "wave-5555";
    PRAC_TRY(gen_plant(g, &plans[i]));
  }
  return PRAC_OK;
}

const struct gen_scenario gen_abroad = {
    "abroad", "a day of four sensors that hear the same waves at different times, some not at all",
    4,        PRAC_DAY,
    2000,     plant_abroad};
