/* Where the registered countries of the sources are. Two views: areas in six steps of one hue (order
 * is seen without colour vision), or dots without any border. States too small to see get a ring. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { geoNaturalEarth1, geoPath, geoGraticule10 } from 'd3-geo';
import { feature } from 'topojson-client';
import { signal } from '@preact/signals';
import { Choice, Panel, html } from '../../dom.js';
import { country, keep, lang, number, short, t } from '../../i18n.js';
import { about, go } from '../../router.js';
import { scale } from '../../scale.js';
import { status, world } from '../../state.js';

const W = 960, H = 490, CUT = 52 /* of the south: sea and ice */, SMALL = 5;
const shapes = signal(null), failed = signal(false);
const stored = (() => { try { return localStorage.getItem('practice.map'); } catch { return null; } })();
const mode = signal(['areas', 'dots', 'table'].includes(stored) ? stored : 'areas');

async function load() {
  try {
    const r = await fetch(MAP_FILE);
    if (!r.ok) throw new Error(r.status);
    const topology = await r.json();
    shapes.value = feature(topology, topology.objects.countries).features;
    failed.value = false;
  } catch { failed.value = true; }
}

/* Everything that only depends on the shapes and the reader's side of the world. */
function draw(features, language) {
  const projection = geoNaturalEarth1().rotate([language === 'ja' ? -152 : -11, 0]).fitExtent([[6, 6], [W - 6, H - 6]], { type: 'Sphere' });
  const path = geoPath(projection).digits(1);
  /* A country may have several shapes (far islands): its ring or dot belongs to the biggest. */
  const biggest = new window.Map();
  for (const f of features) if (f.id && !(path.area(biggest.get(f.id) ?? { type: 'Point', coordinates: [0, 0] }) > path.area(f))) biggest.set(f.id, f);
  return {
    sphere: path({ type: 'Sphere' }), graticule: path(geoGraticule10()),
    areas: features.map((f) => {
      const [[x0, y0], [x1, y1]] = path.bounds(f);
      const main = f.geometry.type === 'MultiPolygon' ? { type: 'Polygon', coordinates: f.geometry.coordinates.reduce((a, b) => (path.area({ type: 'Polygon', coordinates: b }) > path.area({ type: 'Polygon', coordinates: a }) ? b : a)) } : f.geometry;
      const at = path.centroid(main);
      return { id: f.id, main: biggest.get(f.id) === f, d: path(f), at: Number.isFinite(at[0]) ? at : path.centroid(f), small: x1 - x0 < SMALL * 2 && y1 - y0 < SMALL * 2 };
    }),
  };
}

function Map({ view }) {
  const [over, setOver] = useState(null);
  const drawn = useMemo(() => draw(shapes.value, lang.value), [shapes.value, lang.value]);
  const values = new window.Map(world.value.map((r) => [r[0], r]));
  const s = scale(world.value.map((r) => r[2]));
  const max = Math.max(1, ...world.value.map((r) => r[2]));
  const of = (id) => values.get(id)?.[2] ?? 0;
  const hover = (e) => setOver(e.target.getAttribute?.('data-id') || null);
  const open = (e) => { const id = e.target.getAttribute?.('data-id'); if (id) go(about(id)); }; /* the table and the ranking lead there by keyboard */
  const line = over && `${country(over)}: ${of(over) ? `${number(of(over))} ${t('sources_min')}` : t('map_none')}`;
  return html`<figure class="map">
    <svg viewBox=${`0 0 ${W} ${H - CUT}`} role="img" aria-label=${t('map_label')} onClick=${open} onPointerMove=${hover} onPointerLeave=${() => setOver(null)}>
      <path class="sea" d=${drawn.sphere} />
      <path class="graticule" d=${drawn.graticule} />
      <g class=${'areas ' + view}>${drawn.areas.map((a) => html`<path key=${a.id + a.d.length} data-id=${a.id} d=${a.d} class=${view === 'areas' && of(a.id) > 0 ? 'r' + s.step(of(a.id)) : ''} />`)}</g>
      ${view === 'areas' && html`<g class="rings">${drawn.areas.filter((a) => a.main && a.small && of(a.id) > 0).map((a) => html`<circle key=${a.id} data-id=${a.id} cx=${a.at[0]} cy=${a.at[1]} r=${SMALL} class=${'r' + s.step(of(a.id))} />`)}</g>`}
      ${view === 'dots' && html`<g class="dots">${drawn.areas.filter((a) => a.main && of(a.id) > 0).sort((a, b) => of(b.id) - of(a.id)).map((a) => html`<circle key=${a.id} data-id=${a.id} cx=${a.at[0]} cy=${a.at[1]} r=${2.2 + 22 * Math.sqrt(of(a.id) / max)} />`)}</g>`}
    </svg>
    <figcaption>
      ${view === 'areas' ? html`<span class="ramp" aria-hidden="true"><span class="ramp-name">${t('legend')}</span>${[0, ...s.edges].map((e, i) => html`<span class="swatch"><svg width="18" height="12"><rect width="18" height="12" rx="2" class=${'r' + (i + 1)} /></svg>${i === 0 ? '<' + short(s.edges[0] ?? 2) : short(e)}</span>`)}</span>`
        : html`<span class="ramp" aria-hidden="true"><span class="ramp-name">${t('legend')}</span>${[max, max / 10].map((v) => html`<span class="swatch"><svg width="52" height="50"><circle cx="26" cy="25" r=${2.2 + 22 * Math.sqrt(v / max)} class="dot" /></svg>${short(Math.round(v))}</span>`)}</span>`}
      <span class="over" aria-hidden="true">${line || ''}</span>
    </figcaption>
  </figure>`;
}

function Table() {
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('world')}><table>
    <thead><tr><th scope="col">${t('country')}</th><th scope="col" class="num">${t('sources_min')}</th><th scope="col" class="num">${t('packets_min')}</th></tr></thead>
    <tbody>${world.value.map((r) => html`<tr key=${r[0]}><th scope="row"><a class="quiet-link" href=${about(r[0])}>${country(r[0])}</a> <small>${r[0]}</small></th><td class="num">${number(r[2])}</td><td class="num">${number(r[1])}</td></tr>`)}</tbody>
  </table></div>`;
}

export function World() {
  useEffect(() => { if (!shapes.value) load(); }, []);
  const geo = status.value?.geography;
  const tools = html`<${Choice} name="map" label=${t('world')} value=${mode.value} onChange=${(v) => { mode.value = v; keep('map', v); }}
    options=${[['areas', t('mode_areas')], ['dots', t('mode_dots')], ['table', t('table')]]} />`;
  return html`<${Panel} id="world" title=${t('world')} note=${t('world_help')} tools=${tools} className="world">
    ${mode.value === 'table' ? html`<${Table} />`
      : failed.value ? html`<p class="empty">${t('map_failed')}</p>`
      : shapes.value ? html`<${Map} view=${mode.value} />` : html`<div class="map placeholder"></div>`}
    <p class="fine">${geo ? html`<b class=${/demo/i.test(geo) ? 'demo' : ''}>${geo}</b> · ` : html`<b>${t('geo_none')}</b> · `}${t('map_note')}</p>
  <//>`;
}
