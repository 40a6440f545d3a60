/* The settings of lookup: which files, and how old a list may grow. */
#include "lookup/lookup.h"

static const struct prac_conf_item items[] = {
    {"country-mmdb", PRAC_CONF_STRING, offsetof(struct lookup_conf, country_mmdb), .sdflt = "",
     .help = "MaxMind DB file with a country for each address; empty: countries are unknown"},
    {"asn-mmdb", PRAC_CONF_STRING, offsetof(struct lookup_conf, asn_mmdb), .sdflt = "",
     .help = "MaxMind DB file with an AS number and name for each address; empty: none"},
    {"asn-csv", PRAC_CONF_STRING, offsetof(struct lookup_conf, asn_csv), .sdflt = "",
     .help = "CSV of address ranges: start,end,AS number,AS name; wins over asn-mmdb; empty: none"},
    {"label", PRAC_CONF_STRING, offsetof(struct lookup_conf, label), .sdflt = "",
     .help = "what pages call this geography; empty: made from the dates of the files"},
    {"lists", PRAC_CONF_STRINGS, offsetof(struct lookup_conf, lists), .sdflt = "",
     .help = "lists of survey scanners, each as name=file or name@2026-01-31=file; without a date "
             "the file's own counts"},
    {"list-expiry", PRAC_CONF_DURATION, offsetof(struct lookup_conf, list_expiry_ns), 86400,
     3650 * 86400.0, 90 * 86400.0,
     .help = "a list older than this is warned about, and still used"},
    {"missing-ok", PRAC_CONF_BOOL, offsetof(struct lookup_conf, missing_ok), .dflt = 0,
     .help = "go on with a warning when a file named here does not exist"},
};
const struct prac_conf_section lookup_conf_section = {
    "lookup",
    "Where addresses belong: country, AS, lists of survey scanners.",
    items,
    PRAC_ARRAY_LEN(items),
    sizeof(struct lookup_conf),
    false};
