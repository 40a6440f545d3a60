/* One alert as a page of its own. */
import { html } from '../../dom.js';
import { useAnswer } from '../../api.js';
import { AlertContent } from '../../alert.js';
import { Load, visible } from '../../parts.js';
import { alerts } from '../../state.js';
import { titleOf } from '../../words.js';
import { useEffect } from 'preact/hooks';

export const title = (id) => (alerts.value.has(id) ? visible(titleOf(alerts.value.get(id))) : null);

export default function Alert({ rest: id }) {
  const of = useAnswer('/alerts/' + encodeURIComponent(id), true);
  useEffect(() => { if (of.value) alerts.value = new Map(alerts.value).set(id, of.value); }, [of.value]);
  return html`<section class="panel alert-page"><${Load} of=${of}>${(a) => html`<${AlertContent} a=${alerts.value.get(id) ?? a} page />`}<//></section>`;
}
