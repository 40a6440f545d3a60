/* notify/subscription.h — a subscription as a tenant: the inside of tenant.h. */
#pragma once
#include "notify/tenant.h"

void note_subscription_free(struct note_tenant_row **rp); /* NULL-safe */
