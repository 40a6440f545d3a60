/* What answers hold that are no records. */
#include <string.h>

#include "portal/openapi.h"

const struct portal_schema portal_schemas[] = {
    {"Error", "error:Sentence"},
    {"Sentence", "code:s text:s"},
    {"Row", "*:x"},
    {"Span", "from:t to:t"},
    {"Sensor",
     "name:s country:s state:s first:t last:t heard:t packets:u sources:u lost:u evicted:u "
     "malformed:u clock_offset_ns:i queue:u clock_synced:b source:s version:s"},
    {"AlertCounts", "open:u notice:u low:u medium:u high:u critical:u"},
    {"AlertBrief",
     "id:s key:s kind:s state:s revision:u at:t opened:t from:t to:t closed:t severity:s tlp:s "
     "title:s text:s score:n value:n baseline:n unit:s country:s asn:u sensors:[s] ports:[s] "
     "host_count:u packets:u"},
    {"Status", "name:s version:s title:s title_ja:s event_time:t wall_time:t geography:s history:b "
               "last_event:u alerts:AlertCounts sensors:[Sensor] counters:StatusCounters"},
    {"StatusCounters", "messages:u unreadable:u dropped:u"},
    {"LiveSeries", "sensor:s packets:[?u] sources:[?u]"},
    {"Attack", "attack:episode parts:[episode] parts_cut:b rate:?Rate alerts:[AlertBrief]"},
    {"Rate", "from:t step_s:u packets:[u] hits:u cut:b sensors:[Part] vectors:[Part]"},
    {"Part", "name:s packets:u"},
    {"About",
     "about:s what:s key:s span:Span asked:Span kept:Span flows:s step_s:u packets:u hosts:u "
     "first:t "
     "last:t steps:[Step] hours:[Step] days:[Step] sensors:[Group] ports:[Group] countries:[Group] "
     "asns:[Group] "
     "tools:[Group] surveys:[Group] marks:[Group] lines:[Line] more_lines:u named_by:[Related] "
     "shares_hosts_with:[Related]"},
    {"Step", "at:t packets:u hosts:u"},
    {"Group", "name:s packets:u hosts:u first:t last:t"},
    {"Line", "host:s port:s country:s asn:u synchrony:n packets:u first:t last:t steps:[[u]]"},
    {"Related", "key:s kind:s id:s findings:u level:u host_count:u from:t to:t shared:u jaccard:n"},
    {"Compare", "from:t to:t recent_from:t recent_to:t sampled:u baseline:b stories_cut:b "
                "sensors:[ComparedSensor] pairs:[ComparedPair] stories:[ComparedStory] "
                "abroad_ports:[AbroadPort]"},
    {"ComparedSensor", "name:s country:s home:?b packets:u senders:u stories:u first:u"},
    {"ComparedPair",
     "a:s b:s stories:u a_first:u b_first:u lag_lower_s:i lag_median_s:i lag_upper_s:i shared:u "
     "either:u jaccard:n error:n countries:[ComparedCountry]"},
    {"ComparedCountry", "country:s shared:u either:u jaccard:n"},
    {"ComparedStory",
     "key:s kind:s id:s from:t to:t host_count:u level:u first:?s onset:Onsets abroad_only:b"},
    {"Onsets", "*:t"},
    {"AbroadPort", "port:s sensor:s senders:u before:u sensors:u home_senders:u home_before:u"},
    {"Heat", "hours:[t] ports:[s] packets:[[u]] sources:[[u]]"},
    {"Risk",
     "port:s level:u score:n sources:n usual:n packets:u from:t to:t at:t id:s key:s text:s"},
    {"Mine", "all:b from:t to:t since:t sources:[OwnSources] victims:OwnVictims surges:OwnAlerts "
             "groups:OwnAlerts"},
    {"OwnSources", "kind:s name:s now:Sum before:Sum hours:[Hour]"},
    {"Sum", "packets:u sources:u"},
    {"Hour", "at:t packets:u sources:u"},
    {"OwnVictims", "rows:[episode] all:u open:u new:u"},
    {"OwnAlerts", "rows:[AlertBrief] all:u open:u new:u"},
    {"System",
     "version:s store:s kept:Kept disk:Disk event_time:t geography:s surveys:[s] sensors:[Sensor] "
     "counters:[Counter]"},
    {"Kept", "flows:Span minutes:Span hours:Span"},
    {"Disk", "free_bytes:u all_bytes:u"},
    {"Subscriptions", "rows:[Subscription] mails:[Mail]"},
    {"Subscription",
     "id:s title:s state:s language:s zone:s attacks:b alerts:b severity:s kinds:[s] vectors:[s] "
     "min_packets:u min_pps:n updates:b max_per_hour:u digest_s:u mail:[SubscriptionMail] url:s "
     "feed:b made:t changed:t told:[Told]"},
    {"SubscriptionMail", "address:s confirmed:b"},
    {"Mail", "address:s confirmed:t sent:t"},
    {"Told", "id:s way:s state:s text:s at:t"},
    {"Subscribed", "id:s secret:s"},
    {"Secret", "secret:s"},
    {"Token", "token:s"},
    {"Done", "done:b"},
    {"Tested", "id:s ways:u answers:[Told]"},
    {"Matches", "attacks:u alerts:u truncated:b items:[Match]"},
    {"Match", "kind:s id:s state:s at:t from:t title:s"},
    {"Feed", "version:s title:s home_page_url:s language:s items:[FeedItem]"},
    {"FeedItem", "id:s url:s title:s content_text:s date_published:t date_modified:t tags:[s]"},
    {"SavedViews", "rows:[SavedView]"},
    {"SavedView", "name:s place:s made:t"},
    {"Counter", "room:s name:s unit:s value:u help:s"},
    {NULL, NULL},
};

const struct portal_answer *portal_answer_of(const char *operation)
{
  static const struct portal_answer any = {"", "o", NULL};
  static const struct portal_answer answers[] = {
      {"status", "Status", NULL},
      {"series", "Row", "from:t step_s:u count:u sensors:[LiveSeries]"},
      {"top", "Row", "at:t minutes:u minutes_before:u geography:s"},
      {"flows", "Row", NULL},
      {"findings", "finding", NULL},
      {"findings_latest", "finding", NULL},
      {"packets", "packet", NULL},
      {"alerts", "AlertBrief|alert", "counts:AlertCounts"},
      {"alert", "alert", NULL},
      {"alert_decisions", "decision", NULL},
      {"decide", "decision", NULL},
      {"decisions", "decision", NULL},
      {"deliveries", "delivery", NULL},
      {"host", "Row", NULL},
      {"attacks", "episode", NULL},
      {"attack", "Attack", NULL},
      {"hits", "hit", NULL},
      {"about", "About", NULL},
      {"compare", "Compare", NULL},
      {"groups", "alert", NULL},
      {"portsHeat", "Heat", NULL},
      {"portsRisk", "Risk", NULL},
      {"mine", "Mine", NULL},
      {"system", "System", NULL},
      {"subscriptions", "Subscriptions", NULL},
      {"subscribe", "Subscribed", NULL},
      {"subscription_end", "Done", NULL},
      {"subscription_test", "Tested", NULL},
      {"subscription_secret", "Secret", NULL},
      {"subscription_feed", "Token", NULL},
      {"subscription_feed_end", "Done", NULL},
      {"subscription_matches", "Matches", NULL},
      {"feed", "Feed", NULL},
      {"mail", "Done", NULL},
      {"mail_confirm", "Done", NULL},
      {"mail_end", "Done", NULL},
      {"saved_views", "SavedViews", NULL},
      {"saved_view_put", "Done", NULL},
      {"saved_view_end", "Done", NULL},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(answers); i++)
    if (strcmp(answers[i].operation, operation) == 0) return &answers[i];
  return &any;
}
