/* What rises at sensors abroad and is not at home yet: what may come next. */
import { Panel, html } from '../../dom.js';
import { dayTime, number, seconds, t } from '../../i18n.js';
import { Change } from '../../change.js';
import { Empty, Flows, Port, Text } from '../../parts.js';
import { about } from '../../router.js';

/* Before and now, at home and abroad, on one scale. */
function Bars({ p }) {
  const top = Math.max(1, p.senders, p.before, p.home_senders, p.home_before);
  const line = (name, v, cls) => html`<div class="two-line"><dt>${name}</dt><dd><svg class=${'bar-line ' + cls} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-back" width="100" height="8" /><rect width=${(100 * v) / top} height="8" /></svg> <b>${number(v)}</b></dd></div>`;
  return html`<dl class="two">${line(t('compare_abroad_before'), p.before, 'was')}${line(t('compare_abroad_now'), p.senders, 'is')}${line(t('compare_home_before'), p.home_before, 'was')}${line(t('compare_home_now'), p.home_senders, 'is')}</dl>`;
}

export function Abroad({ v }) {
  const split = v.sensors.some((s) => s.home) && v.sensors.some((s) => s.home === false), stories = v.stories.filter((s) => s.abroad_only), ports = v.abroad_ports || [];
  const q = (p) => `port=${p.port} sensor=${p.sensor} from=${v.recent_from} to=${v.recent_to}`;
  return html`<${Panel} id="abroad" title=${t('compare_abroad')} note=${split ? t('compare_abroad_note', { a: dayTime(seconds(v.recent_from)), b: dayTime(seconds(v.recent_to)) }) : null} className="wide-5">
    ${!split ? html`<${Empty} text=${t('compare_no_home')} hint=${t('compare_choose')} />` : !ports.length && !stories.length ? html`<${Empty} text=${t('compare_abroad_none')} hint=${v.baseline ? null : t('compare_no_baseline')} />`
      : html`<ul class="abroad">${ports.map((p) => html`<li key=${p.port}><p class="row"><b><${Port} port=${p.port} /></b> <${Change} now=${p.senders} before=${p.before} /> <small class="end"><${Flows} q=${q(p)}>${t('compare_seen_at', { s: p.sensor, n: number(p.sensors) })}<//></small></p><${Bars} p=${p} /></li>`)}
        ${stories.map((s) => html`<li key=${s.id}><p class="row"><a href=${about(s.id)}><${Text} v=${s.key} /></a> <small class="end">${t('compare_story_abroad', { s: s.first ?? '–', at: dayTime(seconds(s.from)) })}</small></p></li>`)}</ul>`}<//>`;
}
