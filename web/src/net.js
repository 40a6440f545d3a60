/* The page's two ways to the portal: answers by fetch, news by server-sent events. A listener that
 * was away asks for what it missed by the id of the last event it saw; when the portal no longer has
 * that ("gap"), everything is asked for again. */
import * as s from './state.js';
import { seconds, t } from './i18n.js';
import { get } from './api.js';
import { recheck } from './session.js';
import { titleOf } from './words.js';

const base = '/api/v1';
let stream, last = null, retry = 0, timer, worldAt = 0, saidAt = 0, generation = 0;

function takeStatus(v) {
  s.sensors.value = v.sensors;
  s.counts.value = v.alerts;
  takeTime(v.event_time);
}
/* As the portal says it: it may step back once, from the honeypots' clock to that of a played day. */
function takeTime(text) {
  const at = seconds(text);
  if (at != null) s.eventTime.value = at;
}
const topRow = (r) => [r.key, r.packets, r.sources, r.packets_before, r.sources_before, r.rank, r.rank_before];

export async function loadWorld() {
  worldAt = Date.now();
  const v = await get('/top?by=country&limit=250');
  s.world.value = v.rows.map((r) => [r.key, r.packets, r.sources]);
  if (s.status.value && v.geography !== s.status.value.geography)
    s.status.value = { ...s.status.value, geography: v.geography };
  return v;
}

function takeSeries(v) {
  const from = seconds(v.from);
  for (const x of v.sensors)
    x.packets.forEach((p, i) => { if (p != null) s.putMinute(x.sensor, from + i * 60, p, x.sources[i]); });
  s.touchMinutes();
}

let hours = 0;
export async function loadRange() {
  if (s.range.value <= hours) return;
  hours = s.range.value;
  takeSeries(await get(`/series?minutes=${hours * 60}`));
}

async function snapshot() {
  const status = await get('/status');
  const [series, port, asn, list, country] = await Promise.all([
    get(`/series?minutes=${s.range.value * 60}`), get('/top?by=port&limit=12'), get('/top?by=asn&limit=12'),
    get('/alerts?limit=100'), get('/top?by=country&limit=250')]);
  s.status.value = status;
  s.eventTime.value = null; /* another replay may have begun */
  takeStatus(status);
  s.clearMinutes();
  hours = s.range.value;
  takeSeries(series);
  const rows = country.rows.map(topRow);
  s.world.value = rows;
  worldAt = Date.now();
  s.tops.value = { port: port.rows.map(topRow), asn: asn.rows.map(topRow), country: rows.slice(0, 12) };
  s.alerts.value = new Map(list.rows.map((a) => [a.id, a]));
  if (s.loaded.value) s.loads.value++;
  s.loaded.value = true;
  return status.last_event;
}

/* ---- news ---- */
/* To the end: the oldest word is forgotten first. */
function newest(map, key, v) {
  const next = new Map(map);
  next.delete(key);
  next.set(key, v);
  if (next.size > 200) next.delete(next.keys().next().value);
  return next;
}
const on = {
  minutes(v) {
    takeTime(v.event_time);
    for (const [sensor, at, packets, sources] of v.rows) s.putMinute(sensor, at, packets, sources);
    s.touchMinutes();
  },
  top(v) {
    takeTime(v.event_time);
    s.tops.value = { port: v.port, country: v.country, asn: v.asn };
    if (Date.now() - worldAt > 5000) loadWorld().catch(() => {});
  },
  status(v) {
    takeStatus(v);
  },
  alert(v) {
    const old = s.alerts.value.get(v.id);
    if (v.state === 'gone') { /* out of what one may see */
      s.alerts.value = new Map([...s.alerts.value].filter(([id]) => id !== v.id));
      return;
    }
    if (old && old.revision >= v.revision) return;
    const next = new Map(s.alerts.value);
    next.set(v.id, { ...v, fresh: !old });
    if (next.size > 400) {
      const gone = [...next.values()].filter((a) => !s.isOpen(a)).sort((a, b) => (a.at < b.at ? -1 : 1))[0];
      if (gone) next.delete(gone.id);
    }
    s.alerts.value = next;
    if (v.state === 'open' && Date.now() - saidAt > 8000) { /* not a flood of speech */
      saidAt = Date.now();
      s.said.value = t('new_alert', { sev: t('sev_' + v.severity), title: titleOf(v) });
    }
  },
  decision(v) {
    s.decided.value = v;
  },
  finding(v) {
    s.findings.value = newest(s.findings.value, v.key, v);
  },
  delivery(v) {
    s.delivered.value = newest(s.delivered.value, v.ref, v);
  },
  attack(v) {
    if (s.attacks.value.get(v.id)?.revision > v.revision) return;
    s.attacks.value = newest(s.attacks.value, v.id, v);
  },
};

function listen(mine) {
  stream?.close();
  stream = new EventSource(`${base}/events?last=${last}`);
  for (const [name, take] of Object.entries(on))
    stream.addEventListener(name, (e) => {
      if (mine !== generation) return;
      last = e.lastEventId;
      if (!s.paused.value) take(JSON.parse(e.data));
    });
  stream.addEventListener('gap', () => { if (mine === generation) start(); });
  stream.onopen = () => { s.phase.value = 'live'; retry = 0; };
  stream.onerror = () => {
    if (mine !== generation) return;
    s.phase.value = 'reconnecting';
    recheck();
    if (stream.readyState === EventSource.CLOSED) again(() => listen(mine));
  };
}

function again(what) {
  clearTimeout(timer);
  timer = setTimeout(what, Math.min(15000, 500 * 2 ** retry++));
}

export async function start() {
  const mine = ++generation;
  stream?.close();
  clearTimeout(timer);
  try {
    const from = await snapshot();
    if (mine !== generation) return;
    last = from;
    listen(mine);
  } catch {
    if (mine !== generation) return;
    s.phase.value = s.loaded.value ? 'reconnecting' : 'error';
    again(start);
  }
}

export function pause(yes) {
  s.paused.value = yes;
  if (!yes) start();
}
