/* app/stop.h — SIGINT and SIGTERM end a command in order: what was taken is finished and kept. */
#pragma once
#include <stdbool.h>

void stop_install(void); /* from now on the signals only set a flag; a second one kills */
bool stop_asked(void);
