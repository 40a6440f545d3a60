/* What a finding or an alert says, in the reader's language. The engine's own sentence is English; in Japanese, or when
 * there is none, the sentence is made of the fields, and of the facts behind it. Kinds that are not in here are said as
 * the engine said them. tests/browser/t_said.py holds the table against the engines' source. */
import { Text } from './parts.js';
import { html } from './dom.js';
import { factsSay } from './facts.js';
import { dayTime, lang, number, seconds, t } from './i18n.js';
import { told, whoOf } from './words.js';

const one = (r) => (r.key || '').startsWith('source:');
/* Of each kind: the sentence while it holds, and when it is over. */
const SAID = {
  'spoofed-flood': () => ['said_flood', 'said_flood_off'],
  'surge-country': () => ['said_surge_from', 'said_surge_from_off'],
  'surge-as': () => ['said_surge_from', 'said_surge_from_off'],
  'surge-port': () => ['said_surge_to', 'said_surge_to_off'],
  'surge-abroad': () => ['said_abroad', 'said_abroad_off'],
  'risk-port': () => ['said_risk', 'said_risk_off'],
  'sync-group': () => ['said_group', 'said_group_off'],
  'sync-survey': () => ['said_group_small', 'said_group_off'],
  'sync-point': () => ['said_group_point', 'said_group_off'],
  'sync-weak': () => ['said_group_weak', 'said_group_off'],
  'noise-survey': (r) => (one(r) ? ['said_survey', 'said_survey_off'] : ['said_surveys', 'said_surveys']),
  'noise-malware': (r) => (one(r) ? ['said_malware', 'said_malware_off'] : ['said_malwares', 'said_malwares']),
  'site-silent': () => ['said_silent', 'said_silent_off'],
  'site-lossy': () => ['said_lossy', 'said_lossy_off'],
  'clock-off': () => ['said_clock', 'said_clock_off'],
  drdos: () => ['said_drdos', 'said_drdos_off'],
  'new-reflection-port': () => ['said_reflection', 'said_reflection_off'],
};

const over = (r) => r.state === 'off' || r.state === 'close';

/* The sentence of the fields; null: a kind that nobody here knows. */
export function fieldsSay(r) {
  if (!Object.hasOwn(SAID, r.kind ?? '')) return null;
  return t(SAID[r.kind](r)[over(r) ? 1 : 0], {
    ...whoOf(r),
    value: number(Math.abs(r.value ?? 0)),
    usual: number(r.baseline ?? 0),
    score: number(r.score ?? 0),
    hosts: number(r.host_count ?? r.hosts?.length ?? 0),
    packets: number(r.packets ?? 0),
    sensors: number(r.sensors?.length ?? 0),
    from: dayTime(seconds(r.from)),
    to: dayTime(seconds(r.to)),
  }) + factsSay(r);
}

export function sayOf(r) {
  const own = lang.value === 'en' && r.text ? null : fieldsSay(r);
  return own === null ? { words: told(r.text), lang: 'en' } : { words: own, lang: lang.value };
}

export function Sentence({ of }) {
  const { words, lang: spoken } = sayOf(of);
  return html`<span lang=${spoken}><${Text} v=${words} /></span>`;
}

/* Where there is room: what the engine wrote, too, of records from before there were facts. */
export const InItsWords = ({ of }) => (lang.value !== 'en' && of.text && !of.facts?.length && fieldsSay(of) !== null ? html`<p class="note" lang="en"><${Text} v=${told(of.text)} /></p>` : null);
