/* app/compare_out.h — a comparison of sensors as tables for a terminal, or as JSON lines. */
#pragma once
#include <stdio.h>

#include "view/compare.h"

void compare_out_page(const struct compare *c, uint32_t limit, FILE *to);
/* {"sensor":..}, {"pair":..}, {"story":..}, {"abroad_port":..}, then {"compare":..}. */
PRAC_NODISCARD prac_rc compare_out_json(const struct compare *c, FILE *to);
