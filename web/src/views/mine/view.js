/* The reader's own part of the world. */
import { html } from '../../dom.js';
import { addTexts, t } from '../../i18n.js';
import { useAnswer } from '../../api.js';
import { Load } from '../../parts.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

export default function Mine() {
  const of = useAnswer('/mine', true);
  return html`<p class="fine">${t('mine_note')}</p><${Load} of=${of}>${() => null}<//>`;
}
