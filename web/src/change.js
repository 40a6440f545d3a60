/* How a number moved. */
import { html } from './dom.js';
import { number, short, t } from './i18n.js';

/* Arrow, word and number: the colour only helps. */
export function Change({ now, before }) {
  if (!before && !now) return null;
  if (!before) return html`<span class="chg new">${t('change_new')}</span>`;
  const ratio = now / before, p = Math.round((ratio - 1) * 100);
  if (Math.abs(p) < 10) return html`<span class="chg same" title=${t('change_same')}><span aria-hidden="true">→</span><span class="sr">${t('change_same')}</span></span>`;
  const text = ratio >= 3 ? t('change_times', { n: number(Math.round(ratio * 10) / 10) }) : p > 0 ? t('change_up', { p: number(p) }) : t('change_down', { p: number(-p) });
  const brief = ratio >= 3 ? `×${short(Math.round(ratio * 10) / 10)}` : `${p > 0 ? '+' : '−'}${number(Math.abs(p))} %`;
  return html`<span class=${'chg ' + (p > 0 ? 'up' : 'down')} title=${text}><span aria-hidden="true">${p > 0 ? '↑' : '↓'} ${brief}</span><span class="sr">${text}</span></span>`;
}
