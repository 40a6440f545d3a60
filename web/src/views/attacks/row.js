/* What is said of an attack in a line. */
import { html } from '../../dom.js';
import { duration, seconds, t } from '../../i18n.js';
import { Host } from '../../parts.js';

export const running = (e) => e.state !== 'end';
export const vectorsOf = (e) => e.vectors || [];
/* "120 isc.org ANY IN": what was asked for most. */
export const domain = (e) => (e.names?.[0] || '–').replace(/^\d+ /, '').replace(/ (\S+ )?IN$/, '');
const bits = (e) => (e.victim?.includes(':') ? e.prefix_bits : e.prefix_bits - 96);
const one = (e) => e.prefix_bits === 128;
export const victimText = (e) => (one(e) ? e.victim : `${e.victim}/${bits(e)}`);
export const Victim = ({ e }) => html`<${Host} ip=${victimText(e)} />`;
export const Lasted = ({ e }) => html`<span class="nowrap">${duration(Math.max(1, seconds(e.to) - seconds(e.from)))}</span>${running(e) ? html`<br /><b class="running">${t('running')}</b>` : null}`;
