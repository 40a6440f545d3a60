/* Everything known about one thing: a host, a prefix, a port, an alert, a finding, a network, a country. */
import { signal } from '@preact/signals';
import { html } from '../../dom.js';
import { addTexts, country, t } from '../../i18n.js';
import { visible } from '../../parts.js';
import { service } from '../../ports.js';
import { Area } from './area.js';
import { Subject } from './subject.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const network = (what) => /^as(\d{1,10})$/i.exec(what)?.[1];
const land = (what) => (/^[a-z]{2}$/i.test(what) ? what.toUpperCase() : null);

/* Of an alert or a finding: what it is about is known when it has come. */
const keys = signal({});
const called = (what) => {
  const asn = network(what), code = land(what);
  return keys.value[what] ? visible(keys.value[what]) : asn ? 'AS' + asn : code ? `${country(code)} (${code})` : visible(what) + (service(what) ? ` (${service(what)})` : '');
};
export const title = (what) => t('about_title', { what: called(what) });

export default function About({ rest: what }) {
  if (network(what)) return html`<${Area} filter=${{ asn: network(what) }} />`;
  return land(what) ? html`<${Area} filter=${{ country: land(what) }} />` : html`<${Subject} what=${what} named=${(key) => { if (keys.peek()[what] !== key) keys.value = { [what]: key }; }} />`;
}
