/* Large allocations of some countries, as they stand in the public routing and registry data of
 * 2026-06-17: made traffic then shows plausible flags. The table is for pictures, not a source. */
#include <string.h>

#include "base/hash.h"
#include "gen/gen_int.h"

struct block {
  uint8_t a, b, bits; /* a.b.0.0/bits */
};
struct country {
  const char *word;
  uint32_t weight; /* in the mixture */
  struct block blocks[4];
};
static const struct country countries[] = {
    {"CN", 190, {{36, 128, 10}, {111, 0, 10}, {112, 0, 10}, {61, 128, 10}}},
    {"US", 150, {{3, 128, 9}, {8, 0, 9}, {99, 48, 12}, {73, 0, 10}}},
    {"RU", 60, {{5, 136, 13}, {95, 24, 13}, {178, 64, 13}, {2, 60, 14}}},
    {"BR", 60, {{179, 128, 11}, {179, 112, 12}, {179, 176, 12}, {191, 48, 12}}},
    {"IN", 60, {{117, 192, 10}, {49, 32, 12}, {117, 208, 12}, {117, 224, 11}}},
    {"VN", 50, {{14, 160, 11}, {14, 224, 11}, {113, 160, 11}, {171, 224, 11}}},
    {"KR", 45, {{121, 128, 10}, {175, 192, 10}, {14, 32, 11}, {1, 224, 11}}},
    {"TW", 40, {{120, 96, 11}, {1, 160, 12}, {36, 224, 12}, {114, 32, 12}}},
    {"ID", 35, {{36, 64, 11}, {182, 0, 12}, {36, 64, 12}, {36, 80, 12}}},
    {"DE", 30, {{53, 0, 10}, {53, 64, 10}, {53, 128, 10}, {53, 192, 10}}},
    {"NL", 30, {{77, 160, 12}, {145, 144, 12}, {145, 160, 12}, {145, 192, 12}}},
    {"FR", 25, {{90, 0, 10}, {78, 192, 11}, {82, 224, 11}, {88, 160, 11}}},
    {"GB", 25, {{86, 128, 10}, {81, 128, 11}, {86, 0, 11}, {90, 192, 11}}},
    {"JP", 25, {{106, 128, 10}, {153, 128, 10}, {60, 64, 10}, {180, 0, 10}}},
    {"TR", 25, {{78, 160, 11}, {88, 224, 11}, {85, 96, 12}, {78, 176, 12}}},
    {"IR", 20, {{2, 176, 12}, {5, 120, 13}, {5, 208, 13}, {2, 144, 14}}},
    {"TH", 20, {{171, 96, 13}, {58, 8, 14}, {110, 168, 14}, {125, 24, 14}}},
    {"UA", 20, {{37, 52, 14}, {46, 118, 15}, {46, 200, 15}, {88, 154, 15}}},
    {"IT", 20, {{79, 0, 10}, {87, 0, 11}, {88, 32, 11}, {93, 32, 11}}},
    {"MX", 15, {{177, 224, 13}, {187, 240, 13}, {189, 224, 13}, {148, 208, 14}}},
    {"EG", 15, {{156, 160, 11}, {156, 192, 11}, {197, 32, 11}, {41, 32, 12}}},
    {"AR", 15, {{181, 0, 12}, {181, 80, 12}, {181, 96, 12}, {186, 128, 12}}},
    {"PK", 15, {{39, 32, 11}, {182, 176, 12}, {39, 32, 12}, {39, 48, 12}}},
    {"PL", 12, {{83, 0, 11}, {89, 64, 12}, {79, 184, 13}, {80, 48, 13}}},
    {"ES", 12, {{83, 32, 11}, {88, 0, 11}, {79, 144, 12}, {81, 32, 12}}},
    {"RO", 12, {{92, 80, 13}, {109, 96, 13}, {5, 12, 14}, {82, 76, 14}}},
    {"MY", 10, {{175, 136, 13}, {42, 188, 14}, {60, 48, 14}, {115, 132, 14}}},
    {"PH", 10, {{112, 200, 14}, {122, 52, 14}, {124, 104, 14}, {180, 192, 14}}},
    {"HK", 10, {{113, 252, 14}, {118, 140, 14}, {221, 124, 14}, {223, 16, 14}}},
    {"SG", 10, {{172, 236, 14}, {42, 60, 15}, {116, 14, 15}, {118, 200, 15}}},
    {"CA", 10, {{99, 224, 11}, {70, 64, 12}, {99, 208, 12}, {24, 64, 13}}},
    {"AU", 10, {{1, 128, 11}, {49, 176, 12}, {58, 160, 12}, {1, 144, 12}}},
    {"CO", 8, {{181, 128, 11}, {181, 240, 12}, {191, 64, 12}, {181, 144, 12}}},
    {"SE", 8, {{78, 64, 12}, {81, 224, 12}, {90, 224, 12}, {95, 192, 12}}},
    {"ZA", 8, {{197, 64, 11}, {41, 112, 12}, {105, 0, 12}, {105, 208, 12}}},
    {"NG", 5, {{102, 88, 13}, {105, 116, 14}, {102, 88, 14}, {102, 92, 14}}},
    {"BD", 3, {{27, 147, 17}, {113, 11, 17}, {114, 130, 17}, {118, 179, 17}}},
    {"KE", 2, {{105, 160, 13}, {154, 152, 13}, {102, 4, 14}, {196, 104, 13}}},
};

static const struct country *find(const char *word)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(countries); i++)
    if (strcmp(countries[i].word, word) == 0) return &countries[i];
  return NULL;
}

const char *gen_country_word(const char *country)
{
  const struct country *c = find(country);
  return c ? c->word : NULL;
}

uint16_t gen_country_of(const struct prac_ip *ip)
{
  if (!prac_ip_is4(ip)) return 0;
  uint32_t a = prac_ip_to4(ip);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(countries); i++)
    for (int k = 0; k < 4; k++) {
      const struct block *b = &countries[i].blocks[k];
      uint32_t net = (uint32_t)b->a << 24 | (uint32_t)b->b << 16;
      if ((a ^ net) >> (32 - b->bits) == 0)
        return (uint16_t)((uint8_t)countries[i].word[0] << 8 | (uint8_t)countries[i].word[1]);
    }
  return 0;
}

static const struct country *mixed(uint64_t hash)
{
  uint64_t sum = 0, at;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(countries); i++) sum += countries[i].weight;
  at = hash % sum;
  size_t i = 0;
  while (at >= countries[i].weight) at -= countries[i++].weight;
  return &countries[i];
}

struct prac_ip gen_source4(const char *country, uint64_t hash)
{
  const struct country *c = country && *country ? find(country) : NULL;
  if (!c) c = mixed(hash >> 40);
  const struct block *b = &c->blocks[hash >> 38 & 3];
  uint64_t more = prac_mix64(hash + 1);
  uint32_t mask = UINT32_MAX >> b->bits;
  uint32_t host = ((uint32_t)more & mask & ~0xffu) | (1 + (uint32_t)(more >> 32) % 254);
  return prac_ip4((uint32_t)b->a << 24 | (uint32_t)b->b << 16 | host);
}

struct prac_ip gen_source6(uint64_t hash)
{
  static const uint64_t nets[] = {/* /32s of large networks: JP, DE, US, BR, CN, FR, KR, NL */
                                  0x20010200, 0x2a028100, 0x26001700, 0x2804014c,
                                  0x240e0000, 0x2a010cb0, 0x240c0000, 0x2a020a00};
  uint64_t more = prac_mix64(hash + 1);
  return prac_ip_of(nets[hash & 7] << 32 | (more >> 40 & 0xffff) << 16 | (hash >> 8 & 0xff),
                    1 + (more & 0xffff));
}
