/* The live view: what happens this minute. */
import { useEffect, useState } from 'preact/hooks';
import { html } from '../../dom.js';
import { hhmm, number, short, t } from '../../i18n.js';
import * as s from '../../state.js';
import { start } from '../../net.js';
import { href } from '../../router.js';
import { may } from '../../session.js';
import { Alerts } from '../../alerts.js';
import { Traffic } from './chart.js';
import { World } from './map.js';
import { Findings } from './findings.js';
import { Stream } from './stream.js';
import { Places, Ports } from './tops.js';
import { Sensors } from '../../sensors.js';

function Figure({ label, value, note, className, to }) {
  return html`<div class=${'stat ' + (className || '')}><dt>${label}</dt><dd><b>${to ? html`<a class="quiet-link" href=${href(to)}>${value}</a>` : value}</b><small>${note}</small></dd></div>`;
}

function Figures() {
  const m = s.totals.value, c = s.counts.value;
  const worst = [...s.RANKS].reverse().find((r) => c[r] > 0);
  const reporting = s.sensors.value.filter((x) => x.state === 'ok' || x.state === 'loss').length;
  return html`<dl class="stats">
    <${Figure} label=${t('stat_packets')} value=${short(m?.packets)} note=${`${t('stat_sum_sensors')}, ${hhmm(m?.at)}`} />
    <${Figure} label=${t('stat_sources')} value=${short(m?.sources)} note=${`${t('stat_sum_sensors')}, ${hhmm(m?.at)}`} />
    <${Figure} label=${t('stat_alerts')} value=${number(c.open)} to="/alerts" className=${worst ? 'edge-' + worst : ''}
      note=${worst ? [...s.RANKS].reverse().filter((r) => c[r] > 0).map((r) => `${t('sev_' + r)} ${number(c[r])}`).join(' · ') : t('stat_none_open')} />
    <${Figure} label=${t('stat_sensors')} value=${number(reporting)} to=${may('operator') ? '/system' : null} note=${t('stat_of', { n: number(s.sensors.value.length) })} />
  </dl>`;
}

/* The curve is what people look at first: the rest comes once it is drawn. */
function Later({ children }) {
  const [due, setDue] = useState(false);
  useEffect(() => {
    let frame = requestAnimationFrame(() => { frame = requestAnimationFrame(() => setDue(true)); });
    return () => cancelAnimationFrame(frame);
  }, []);
  return due && children;
}

export default function Now() {
  if (!s.loaded.value)
    return s.phase.value === 'error'
      ? html`<div class="whole" role="alert"><h2>${t('failed_title')}</h2><p>${t('failed_text')}</p><button type="button" class="strong" onClick=${start}>${t('retry')}</button></div>`
      : html`<div class="whole" role="status"><div class="pulse" aria-hidden="true"></div><p>${t('loading')}</p></div>`;
  if (s.eventTime.value == null && !s.sensors.value.length)
    return html`<div class="whole" role="status"><div class="pulse" aria-hidden="true"></div><h2>${t('empty_title')}</h2><p>${t('empty_text')}</p></div>`;
  return html`<${Figures} />
    <div class="grid now"><${Traffic} /><${Later}><${Alerts} /><${World} /><${Stream} /><${Findings} /><${Ports} /><${Places} /><${Sensors} /><//></div>`;
}
