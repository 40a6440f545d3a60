/* access/gate.h — the one place where a reader's scope is applied: below every question, list,
 * export and live event. Code above it never looks at a scope.
 *
 * store     access_gate_open makes a store out of a store: same interface, what is outside is not
 *           there. Whoever asks it (portal, view) cannot forget the rule
 * flows     a row is seen when its sender is inside; a question that names an address, prefix or
 *           victim outside is answered PRAC_DENIED, as one about our own addresses (dst) always is
 * counts    series and rankings by port, country, network and sensor are of the whole world: they
 *           are what partners share. Ranked by sender: inside only. Filters that single out an
 *           address outside are refused as above
 * records   seen when the label is within the clearance and it is about something inside (victim, a
 *           host, country, network) or about nobody (a port; a sensor's health). Hosts outside are
 *           taken off its lists (`host_count` stays: a count). An address outside that stands in
 * any text of it is written as "[outside]". What is about one victim or host outside is not there
 * at all. Known only by an exact id: the same rule all       a scope of the whole world passes
 * everything but dst
 */
#pragma once
#include "access/scope.h"
#include "model/records.h"
#include "store/store.h"

/* inner and geo are borrowed for the life of *ret, scope until it is closed; *ret is read-only (its
 * append is refused). One thread at a time, as inner. Close with store_close: inner stays open. */
PRAC_NODISCARD prac_rc access_gate_open(const struct store *inner, const struct access_scope *scope,
                                        const struct lookup *geo, struct store *ret,
                                        struct prac_err *reterr);
/* One record on its way out. In place: lists are shortened, strings replaced by ones that live in
 * a. *ret_seen false: it must not be shown, in no part. */
PRAC_NODISCARD prac_rc access_gate_record(const struct access_scope *scope,
                                          const struct lookup *geo, const struct model_kind *k,
                                          void *rec, struct prac_arena *a, bool *ret_seen);
/* May this address be named to the reader? For what is no record. */
bool access_gate_ip(const struct access_scope *scope, const struct lookup *geo,
                    const struct prac_ip *ip);
