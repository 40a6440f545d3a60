/* What people decided about an alert: taken note of, given to somebody, remarked, labelled. They stay for
 * all portals, and are what triage learns from. */
import { useEffect, useState } from 'preact/hooks';
import { html } from './dom.js';
import { dayTime, seconds, t } from './i18n.js';
import { post, useAnswer } from './api.js';
import { Text } from './parts.js';
import { may, me } from './session.js';
import { decided } from './state.js';

const ACTS = ['ack', 'assign', 'comment', 'label', 'reopen'];
const LABELS = ['attack', 'preparation', 'survey', 'misconfiguration', 'false-alarm'];
const NEED = { assign: 'decide_who', comment: 'decide_comment', label: 'decide_label' }; /* acts that need words */

/* Where it stands: the last act of each kind; reopened, none holds. */
export function standing(rows) {
  const is = {};
  for (const d of rows) {
    if (d.act === 'reopen') delete is.ack;
    else if (d.act !== 'comment') is[d.act] = d;
  }
  return is;
}

function Form({ id, acked, done }) {
  const [act, setAct] = useState(acked ? 'comment' : 'ack'), [text, setText] = useState(''), [busy, setBusy] = useState(false), [said, setSaid] = useState(null);
  const choose = (a) => { setAct(a); setText(a === 'assign' ? me.value?.user || '' : a === 'label' ? LABELS[0] : ''); };
  const submit = async (e) => {
    e.preventDefault();
    setBusy(true);
    setSaid(null);
    try {
      await post(`/alerts/${encodeURIComponent(id)}/decisions`, { act, text });
      setText('');
      done();
    } catch (x) { setSaid(x.said?.text || t('trouble_failed')); }
    setBusy(false);
  };
  return html`<form class="decide" onSubmit=${submit}>
    <label class="field">${t('decide_act')}<select value=${act} onChange=${(e) => choose(e.target.value)}>${ACTS.filter((a) => a !== (acked ? 'ack' : 'reopen')).map((a) => html`<option value=${a}>${t('act_' + a)}</option>`)}</select></label>
    ${act === 'label' ? html`<label class="field grow">${t('decide_label')}<select value=${text} onChange=${(e) => setText(e.target.value)}>${LABELS.map((l) => html`<option value=${l}>${t('label_' + l.replace('-', '_'))}</option>`)}</select></label>`
      : html`<label class="field grow">${t(NEED[act] || 'decide_why')}<input value=${text} maxlength="500" required=${!!NEED[act]} onInput=${(e) => setText(e.target.value)} /></label>`}
    <button type="submit" class="strong small" disabled=${busy}>${t('decide_do')}</button>
    ${said && html`<p role="alert" class="said" lang="en">${said}</p>`}</form>`;
}

export const labelWord = (d) => (d.act === 'label' && LABELS.includes(d.text) ? t('label_' + d.text.replace('-', '_')) : d.text);
export function Decisions({ id }) {
  const a = useAnswer(`/alerts/${encodeURIComponent(id)}/decisions`, true);
  const rows = a.value?.rows, news = decided.value?.alert === id ? decided.value.id : null;
  useEffect(() => { if (news && rows && !rows.some((d) => d.id === news)) a.again(); }, [news]);
  if (!rows) return a.error && a.error.status !== 404 ? html`<h3>${t('decisions')}</h3><p class="note">${t('trouble_failed')}</p>` : null;
  const is = standing(rows);
  return html`<h3>${t('decisions')}</h3>
    ${rows.length === 0 ? html`<p class="note">${t('decisions_none')}</p>` : html`<ol class="decisions">${rows.map((d) => html`<li key=${d.id}>
      <span class="when">${dayTime(seconds(d.at))}</span> <b><${Text} v=${d.user} /></b>${d.org ? html` <small>(<${Text} v=${d.org} />)</small>` : null} <span class="chip">${t('act_' + d.act)}</span>
      ${d.text ? html`<p><${Text} v=${labelWord(d)} /></p>` : null}</li>`)}</ol>`}
    ${may('analyst') && html`<${Form} key=${!!is.ack} id=${id} acked=${!!is.ack} done=${a.again} />`}`;
}
