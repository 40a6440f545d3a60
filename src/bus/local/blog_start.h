/* bus/local/blog_start.h — starting a log: which segments are there, what of the last one holds. */
#pragma once
#include "bus/local/blog.h"

enum { BUS_SEG_HEAD = 16 }; /* u64 "PRACBUS1", u64 first seq */
PRAC_NODISCARD prac_rc bus_log_save_ids(struct bus_log *l, struct prac_err *reterr);
/* Starts DIR/<next>.log and makes it the one that is written. */
PRAC_NODISCARD prac_rc bus_log_new_segment(struct bus_log *l, struct prac_err *reterr);
