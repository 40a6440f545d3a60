/* Preact with tagged templates, and the few small parts that every panel uses. */
import { h } from 'preact';
import htm from 'htm';

export const html = htm.bind(h);

/* A choice of a few: radio buttons in looks of one control, so that the keyboard works as always. */
export function Choice({ name, label, value, options, onChange, quiet }) {
  return html`<fieldset class=${quiet ? 'choice quiet' : 'choice'}>
    <legend class="sr">${label}</legend>
    ${options.map(([v, text, title]) => html`<label title=${title}>
      <input type="radio" name=${name} value=${v} checked=${v === value} onChange=${() => onChange(v)} />
      <span>${text}</span>
    </label>`)}
  </fieldset>`;
}

export function Panel({ id, title, note, tools, children, className }) {
  return html`<section class=${'panel ' + (className || '')} aria-labelledby=${id}>
    <header class="panel-head">
      <div><h2 id=${id}>${title}</h2>${note && html`<p class="note">${note}</p>`}</div>
      ${tools && html`<div class="tools">${tools}</div>`}
    </header>
    ${children}
  </section>`;
}

/* Severity by shape, word and colour: none of them alone. */
const SHAPES = {
  critical: 'M8 1 15 8 8 15 1 8Z', high: 'M8 2 15 14H1Z', medium: 'M2.5 2.5h11v11h-11Z',
  low: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2Z', notice: 'M8 3.2a4.8 4.8 0 1 0 0 9.6A4.8 4.8 0 1 0 8 3.2Zm0 2.4a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 1 1 0-4.8Z',
};
export const Severity = ({ level }) => html`<svg class=${'sev sev-' + level} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path fill-rule="evenodd" d=${SHAPES[level] || SHAPES.notice} /></svg>`;
