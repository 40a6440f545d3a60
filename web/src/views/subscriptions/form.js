/* The form of one subscription. It is sent as a whole: what is left empty means "all", or "nowhere". */
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../../dom.js';
import { lang, t } from '../../i18n.js';
import { post } from '../../api.js';
import { Field, Said, useDoing } from '../../form.js';
import { visible } from '../../parts.js';
import { put } from '../../router.js';

export const FRESH = '+';
const SEVERITIES = ['notice', 'low', 'medium', 'high', 'critical'], DIGESTS = [600, 3600, 21600, 86400];
const ZONES = ['UTC', ...(Intl.supportedValuesOf?.('timeZone') || [])];
const words = (s) => s.split(/[\s,]+/).filter(Boolean);

const usual = () => ({ title: '', state: 'on', language: lang.value, zone: lang.value === 'ja' ? 'Asia/Tokyo' : 'UTC', attacks: true, alerts: true, severity: 'high', kinds: '', vectors: '',
  min_packets: 0, min_pps: 0, updates: false, max_per_hour: 20, digest_s: 600, mail: '', url: '' });
const known = (s) => ({ ...s, kinds: s.kinds.join(' '), vectors: s.vectors.join(' '), mail: s.mail.map((m) => m.address).join(' ') });

export function Form({ start, saved }) {
  const fresh = !start.id, box = useRef();
  const [v, set] = useState(fresh ? usual() : known(start)), [run, busy, said] = useDoing();
  useEffect(() => { box.current?.querySelector('input')?.focus(); }, []);
  const take = (k) => (e) => set({ ...v, [k]: e.target.type === 'checkbox' ? e.target.checked : e.target.value });
  const body = () => ({ id: fresh ? '' : start.id, title: v.title, state: v.state, language: v.language, zone: v.zone.trim(), attacks: v.attacks, alerts: v.alerts, severity: v.severity,
    kinds: words(v.kinds), vectors: words(v.vectors), min_packets: Math.round(Number(v.min_packets)) || 0, min_pps: Number(v.min_pps) || 0, updates: v.updates,
    max_per_hour: Number(v.max_per_hour), digest_s: Number(v.digest_s), mail: words(v.mail), url: v.url.trim() });
  const submit = (e) => { e.preventDefault(); run(post('/subscriptions', body()), saved); };
  const input = (k, more) => html`<input name=${k} value=${v[k]} autocomplete="off" spellcheck=${false} maxlength="1000" onInput=${take(k)} ...${more} />`;
  const number = (k, more) => input(k, { type: 'number', inputmode: 'numeric', ...more });
  const tick = (k) => html`<input name=${k} type="checkbox" checked=${v[k]} onChange=${take(k)} />`;
  const choice = (k, options) => html`<select name=${k} value=${v[k]} onChange=${take(k)}>${options.map(([o, w]) => html`<option value=${o} selected=${String(v[k]) === String(o)}>${w}</option>`)}</select>`;
  return html`<form class="edit panel" ref=${box} onSubmit=${submit} aria-labelledby="sub-form"><h2 id="sub-form">${fresh ? t('sub_add') : t('sub_edit_of', { what: visible(start.title) })}</h2>
    <fieldset class="part"><legend>${t('sub_what')}</legend><div class="fields">
      <${Field} label=${t('sub_title')} hint=${t('sub_title_hint')}>${input('title', { required: true, maxlength: 60 })}<//>
      <${Field} label=${t('sub_state')}>${choice('state', [['on', t('sub_on')], ['off', t('sub_off')]])}<//>
      <${Field} label=${t('sub_attacks')}>${tick('attacks')}<//>
      <${Field} label=${t('sub_min_packets')}>${number('min_packets', { min: 0, step: 1 })}<//>
      <${Field} label=${t('sub_min_pps')}>${number('min_pps', { min: 0, step: 'any' })}<//>
      <${Field} label=${t('sub_vectors')} hint=${t('sub_all_hint')}>${input('vectors', { placeholder: 'dns ntp_monlist' })}<//>
      <${Field} label=${t('sub_alerts')}>${tick('alerts')}<//>
      <${Field} label=${t('sub_severity')}>${choice('severity', SEVERITIES.map((s) => [s, t('sev_' + s)]))}<//>
      <${Field} label=${t('sub_kinds')} hint=${t('sub_all_hint')}>${input('kinds', { placeholder: 'surge-port' })}<//>
      <${Field} label=${t('sub_updates')}>${tick('updates')}<//></div></fieldset>
    <fieldset class="part"><legend>${t('sub_where')}</legend><div class="fields">
      <${Field} label=${t('sub_mail')} hint=${t('sub_mail_hint')} grow>${input('mail', { placeholder: 'noc@isp.example' })}<//>
      <${Field} label=${t('sub_url')} hint=${t('sub_url_hint')} grow>${input('url', { type: 'url', placeholder: 'https://soc.isp.example/practice' })}<//>
      <${Field} label=${t('sub_language')}>${choice('language', [['en', 'English'], ['ja', '日本語']])}<//>
      <${Field} label=${t('timezone')}>${input('zone', { required: true, placeholder: 'Asia/Tokyo', maxlength: 40, list: 'sub-zones' })}<datalist id="sub-zones">${ZONES.map((z) => html`<option value=${z} />`)}</datalist><//>
      <${Field} label=${t('sub_max')} hint=${t('sub_max_hint')}>${number('max_per_hour', { min: 1, max: 60, step: 1, required: true })}<//>
      <${Field} label=${t('sub_digest')}>${choice('digest_s', [...new Set([...DIGESTS, Number(v.digest_s)])].sort((a, b) => a - b).map((s) => [s, s < 3600 ? t('sub_minutes', { n: Math.round(s / 60) }) : t('sub_hours', { n: Math.round(s / 3600) })]))}<//></div></fieldset>
    <${Said} said=${said} /><p class="row"><button type="submit" class="strong small" disabled=${busy}>${t('sub_save')}</button><button type="button" class="plain" onClick=${() => put({ edit: null })}>${t('sub_cancel')}</button></p></form>`;
}
