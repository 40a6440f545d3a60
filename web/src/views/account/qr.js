/* A square code for a camera: always dark on light, as cameras expect, with the quiet edge they need. */
import { generate } from 'lean-qr';
import { html } from '../../dom.js';

const EDGE = 4;
export function Qr({ text, label }) {
  const code = generate(text), n = code.size + 2 * EDGE;
  let d = '';
  for (let y = 0; y < code.size; y++) for (let x = 0; x < code.size; x++) if (code.get(x, y)) d += `M${x + EDGE} ${y + EDGE}h1v1h-1z`;
  return html`<svg class="qr" viewBox=${`0 0 ${n} ${n}`} role="img" aria-label=${label} shape-rendering="crispEdges"><rect class="qr-light" width=${n} height=${n} /><path class="qr-dark" d=${d} /></svg>`;
}
