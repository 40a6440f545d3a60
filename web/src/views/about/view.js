/* Everything known about one thing: a host, a prefix, a port, an alert, a finding, a network, a country. */
import { html } from '../../dom.js';
import { addTexts, t } from '../../i18n.js';
import { visible } from '../../parts.js';
import { Area } from './area.js';
import { Subject } from './subject.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const network = (what) => /^as(\d{1,10})$/i.exec(what)?.[1];
const land = (what) => (/^[a-z]{2}$/i.test(what) ? what.toUpperCase() : null);

export const title = (what) => t('about_title', { what: visible(network(what) ? 'AS' + network(what) : land(what) || what) });

export default function About({ rest: what }) {
  if (network(what)) return html`<${Area} filter=${{ asn: network(what) }} />`;
  return land(what) ? html`<${Area} filter=${{ country: land(what) }} />` : html`<${Subject} what=${what} />`;
}
