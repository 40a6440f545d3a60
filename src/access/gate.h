/* access/gate.h — the one place where a reader's scope is applied: below every question, list,
 * export and live event. Code above it never looks at a scope.
 *
 * store     access_gate_open makes a store out of a store: same interface, what is outside is not
 *           there. Whoever asks it (portal, view) cannot forget the rule
 * flows     a row is seen when its sender is inside; the victim of its answers is blanked when it
 *           is outside. Our own addresses (dst) are in no row, and no question may name them. Nor
 *           are hashes of payloads (in records: 0; no engine says one): one that names our address
 *           gives it back, by trial
 * questions that name an address, prefix or victim outside are refused: PRAC_DENIED, in one
 *           sentence that says nothing about what there is. Of a prefix that is partly inside, that
 *           part is asked for
 * counts    series and rankings by port, country, network and sensor are of the whole world: they
 *           are what partners share. Ranked by sender: inside only
 * records   seen when the label is within the clearance (no label: AMBER; heartbeats have none and
 *           need none) and it is about something inside (victim, a host, country, network) or about
 *           nobody (a port, a sensor). Hosts outside are taken off its lists (`host_count` stays: a
 *           count). An address outside that stands in any text of it is written as "[outside]".
 *           What is about one victim or host outside is not there at all, also by its exact id
 * packets   for a scope that has `packets`, and seen when their sender is inside. For everybody
 *           these of their bytes are zero: what headers tell of our own address (dst); it as bytes
 *           in both orders; words that name it or an address outside: with dots, dashes,
 *           underscores or commas, with zeros in front, as one number in hex or decimal, as IPv6
 *           in all forms of RFC 4291, backwards for arpa, as DNS labels, in UTF-16 or 32, with
 *           %2E; and the end of one that was cut off. NOT found is what is written in any other
 *           way: base64, compressed, encrypted, split, octal, escaped (backslash u), two ways at
 *           once; nor what names a neighbour of ours
 * bounds    where most of what is stored is outside, flows are looked at window by window of time,
 *           GATE_LOOKED_AT of them for one question; of rankings, cells and records 64 for each
 *           that is wanted, at least 65536. Not enough: PRAC_RANGE, "ask for a shorter time"
 * denied    by the gate alone: what the inner store may not do is PRAC_IO
 * all       a scope of the whole world passes everything within its clearance, but dst and what
 *           would tell it
 */
#pragma once
#include "access/scope.h"
#include "model/records.h"
#include "store/store.h"

enum { GATE_LOOKED_AT = 1 << 21 };
/* inner, geo and scope are borrowed until *ret is closed; *ret is read-only, and gives no batches.
 * One thread at a time, as inner. Close with store_close: inner stays open. */
PRAC_NODISCARD prac_rc access_gate_open(const struct store *inner, const struct access_scope *scope,
                                        const struct lookup *geo, struct store *ret,
                                        struct prac_err *reterr);
/* A question for records to such a store, each handed over as it is instead of as JSON. It lives in
 * a, and goes after the call unless *keep is set. */
typedef prac_rc access_gate_each(void *arg, const void *rec, bool *keep);
PRAC_NODISCARD prac_rc access_gate_records(const struct store *gated, const struct store_query *q,
                                           struct prac_arena *a, access_gate_each *each, void *arg,
                                           struct prac_err *reterr);
/* One record on its way out. In place: lists are shortened, strings replaced by ones that live in
 * a. *ret_seen false: it must not be shown, in no part. */
PRAC_NODISCARD prac_rc access_gate_record(const struct access_scope *scope,
                                          const struct lookup *geo, const struct model_kind *k,
                                          void *rec, struct prac_arena *a, bool *ret_seen);
/* For what is no record: any text on its way out. *s is replaced by one that lives in a. */
PRAC_NODISCARD prac_rc access_gate_text(const struct access_scope *scope, const struct lookup *geo,
                                        const char **s, struct prac_arena *a);
