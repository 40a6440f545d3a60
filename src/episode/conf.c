/* The settings of the room, with the numbers of the profile isp. The other profiles are other
 * people's published definitions and have no settings. */
#include "episode/desk_int.h"

#define AT(f) offsetof(struct epi_conf, f)
#define DURATION(name, field, low, high, def, text)                                                \
  {                                                                                                \
    .key = name, .type = PRAC_CONF_DURATION, .offset = AT(field), .lo = low, .hi = high,           \
    .dflt = def, .help = text                                                                      \
  }
#define NUMBER(name, field, low, high, def, text)                                                  \
  {                                                                                                \
    .key = name, .type = PRAC_CONF_INT, .offset = AT(field), .lo = low, .hi = high, .dflt = def,   \
    .help = text                                                                                   \
  }

static const struct prac_conf_item items[] = {
    {.key = "profiles",
     .type = PRAC_CONF_STRINGS,
     .offset = AT(profiles),
     .sdflt = "isp,amppot,hopscotch,mph",
     .help = "definitions of an attack that are evaluated and recorded: isp, amppot, hopscotch, "
             "mph; isp always is"},
    {.key = "alert",
     .type = PRAC_CONF_STRINGS,
     .offset = AT(alert),
     .sdflt = "isp",
     .help = "of these, the ones whose episodes alert"},
    NUMBER("threshold", threshold, 1, 60000, 100,
           "isp: packets at all honeypots within `window` that make an attack"),
    DURATION("window", window_ns, 30, 3600, 300, "isp: of `threshold`; counted in thirtieths"),
    NUMBER(
        "fast-packets", fast_packets, 1, 60000, 30,
        "isp: packets at one honeypot within `fast-window` that make one sooner; the vector must "
        "be a known one"),
    DURATION("fast-window", fast_window_ns, 5, 600, 30, "isp: of `fast-packets`"),
    {.key = "fast-pps",
     .type = PRAC_CONF_REAL,
     .offset = AT(fast_pps),
     .lo = 0,
     .hi = 1e6,
     .dflt = 1,
     .help = "isp: packets a second over `fast-window` that the fast path needs at least"},
    NUMBER("spread-packets", spread_packets, 1, 60000, 10,
           "isp: packets within `spread-window` at each of `spread-sensors` honeypots that make "
           "one, too"),
    NUMBER("spread-sensors", spread_sensors, 2, 64, 3, "isp: honeypots that must agree"),
    DURATION("spread-window", spread_window_ns, 5, 600, 60, "isp: of `spread-packets`"),
    NUMBER("identical", identical, 1, 1000, 3,
           "isp: a sender's requests count at a honeypot once so many were the same"),
    NUMBER("varied", varied, 1, 60000, 30,
           "isp: ... or once there are so many, whatever they ask for"),
    NUMBER("scan-sensors", scan_sensors, 2, 64, 8,
           "isp: who sends to so many honeypots, to none `scan-packets`, is a scanner"),
    NUMBER("scan-packets", scan_packets, 1, 60000, 10, "isp: see `scan-sensors`"),
    DURATION("gap", gap_ns, 10, 86400, 120, "isp: an episode ends after so long without a packet"),
    DURATION("resume", resume_ns, 0, 604800, 900,
             "an ended episode goes on under its old id when packets come within this time of its "
             "last one"),
    DURATION("update", update_ns, 10, 86400, 300, "updates of one episode are said so often"),
    DURATION("quiet", quiet_ns, 0, 3600, 10,
             "updates for a cause (pps doubled, a sensor or vector joined) are so far apart"),
    DURATION("lateness", lateness_ns, 0, 3600, 5,
             "how much later than others a honeypot's hit may come before an end is said"),
    NUMBER("carpet-hosts", carpet_hosts, 2, EPI_STARTS, 8,
           "addresses of one /24 (IPv6: /48) attacked by one vector that make a carpet"),
    NUMBER("carpet-packets", carpet_packets, 1, 60000, 100,
           "packets at addresses below their threshold, within `window`, that make a carpet of "
           "`carpet-hosts` of them"),
    DURATION("carpet-window", carpet_window_ns, 1, 3600, 60,
             "... or so many episodes of addresses that start within this time"),
    DURATION("multi-window", multi_window_ns, 1, 3600, 60,
             "vectors that hit one address within this time make one episode with several vectors"),
    NUMBER(
        "max-targets", max_targets, 16, 16777216, 200000,
        "(victim, vector) pairs and prefixes that are followed at the same time; about 800 bytes "
        "each"),
};
const struct prac_conf_section epi_conf_section = {
    .path = "episode",
    .about = "How hits of honeypots become attack events.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct epi_conf),
};

void epi_conf_defaults(struct epi_conf *to)
{
  static const char *const all[] = {"isp", "amppot", "hopscotch", "mph"};
  prac_conf_defaults(&epi_conf_section, to);
  to->profiles = (struct prac_conf_strings){all, PRAC_ARRAY_LEN(all)};
  to->alert = (struct prac_conf_strings){all, 1};
}

const char *const epi_profile_names[EPI_PROFILE_COUNT_] = {"isp", "amppot", "hopscotch", "mph"};

static prac_rc profile_bits(struct prac_conf_strings names, const char *key, unsigned *ret,
                            struct prac_err *reterr)
{
  for (size_t i = 0; i < names.n; i++) {
    unsigned p = 0;
    while (p < EPI_PROFILE_COUNT_ && strcmp(names.v[i], epi_profile_names[p]) != 0) p++;
    if (p == EPI_PROFILE_COUNT_)
      return PRAC_FAIL(reterr, PRAC_RANGE,
                       "episode.%s: \"%s\" is no profile: isp, amppot, hopscotch, mph", key,
                       names.v[i]);
    *ret |= 1u << p;
  }
  return PRAC_OK;
}

prac_rc epi_conf_check(const struct epi_conf *c, unsigned *ret_profiles, unsigned *ret_alert,
                       struct prac_err *reterr)
{
  *ret_profiles = 1u << EPI_ISP;
  *ret_alert = 0;
  PRAC_TRY(profile_bits(c->profiles, "profiles", ret_profiles, reterr));
  PRAC_TRY(profile_bits(c->alert, "alert", ret_alert, reterr));
  if (*ret_alert & ~*ret_profiles)
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "episode.alert names a profile that episode.profiles does not");
  if (c->gap_ns < 10 * PRAC_SEC || c->window_ns < EPI_STEPS || c->max_targets < 16)
    return PRAC_FAIL(reterr, PRAC_RANGE, "episode: gap >= 10 s, window >= 30 s, max-targets >= 16");
  if (c->carpet_hosts < 2 || c->carpet_hosts > EPI_STARTS)
    return PRAC_FAIL(reterr, PRAC_RANGE, "episode.carpet-hosts: 2 to %d", EPI_STARTS);
  return PRAC_OK;
}
