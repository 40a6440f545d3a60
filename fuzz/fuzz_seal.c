/* Sealed secrets as they come from the bus: any text is refused or is what was sealed, and nothing
 * that was not sealed to this key at this place opens. */
#include <stdlib.h>
#include <string.h>

#include "access/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char own[] = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb";
  static const char planted[] = "hs_planted";
  const struct access_seal_place p = {"mika", "s1", "https://h.example/x"};
  struct access_seal_key k, said;
  char sealed[ACCESS_SEALED], to[ACCESS_SEAL_TEXT];
  char *text = malloc(size + 1);
  if (!text || access_seal_key_of(own, &k, NULL) != PRAC_OK) __builtin_trap();
  memcpy(text, data, size);
  text[size] = '\0';
  if (access_unseal(&k, &p, text, to, NULL) == PRAC_OK && strcmp(to, planted) != 0)
    __builtin_trap();
  if (access_seal_key_read(text, &said, NULL) == PRAC_OK && strlen(text) != ACCESS_SEAL_HALF - 1)
    __builtin_trap();
  if (strlen(text) <= ACCESS_SEAL_MAX && access_seal(&k, &p, text, sealed, NULL) == PRAC_OK &&
      (access_unseal(&k, &p, sealed, to, NULL) != PRAC_OK || strcmp(to, text) != 0))
    __builtin_trap();
  free(text);
  return 0;
}
