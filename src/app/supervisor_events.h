/* app/supervisor_events.h — what the supervisor says about its roles. */
#pragma once
#include "base/log.h"

static const struct prac_log_event ev_cannot = {"role_cannot_go_on", PRAC_LOG_ERROR,
                                                "put right what the sentence names"};
static const struct prac_log_event ev_failed = {
    "role_failed", PRAC_LOG_ERROR,
    "put right what the sentence names; the role is started again by itself"};
static const struct prac_log_event ev_died = {
    "role_died", PRAC_LOG_WARN,
    "nothing, unless it repeats: then look at what the role said before"};
static const struct prac_log_event ev_again = {"role_again", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_over = {"role_over", PRAC_LOG_ERROR, "look at its captures"};
static const struct prac_log_event ev_stop = {"run_stop", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_played = {"run_played", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_status = {"run_status", PRAC_LOG_INFO, ""};
