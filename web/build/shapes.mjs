/* The world for a small map: Natural Earth 1:50m (by world-atlas), thinned so that the page stays
 * light. Small states are kept as they are too small to thin; shapes lose their names (the page
 * names countries itself, in the reader's language) and carry ISO 3166 letters instead of numbers.
 * Shapes without a code of their own are kept as land, without a claim about whose. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { feature } from 'topojson-client';
import { topology } from 'topojson-server';
import { presimplify, simplify, quantile } from 'topojson-simplify';
import { letters } from '../src/iso.js';

const require = createRequire(import.meta.url);
const KEEP = 0.16; /* of the points */

export function shapes(file) {
  const atlas = JSON.parse(readFileSync(file || require.resolve('world-atlas/countries-50m.json'), 'utf8'));
  const ready = presimplify(atlas);
  const thin = simplify(ready, quantile(ready, KEEP));
  const world = feature(thin, thin.objects.countries);
  const exact = feature(atlas, atlas.objects.countries);
  world.features = world.features
    .map((f, i) => ({
      type: 'Feature',
      id: letters(f.id) || '',
      properties: {},
      geometry: whole(f.geometry) ? f.geometry : exact.features[i].geometry,
    }))
    .filter((f) => f.id !== 'AQ');
  for (const f of world.features) f.geometry = drop(f.geometry);
  const out = topology({ countries: world }, 6e3);
  for (const g of out.objects.countries.geometries) delete g.properties;
  return out;
}

const rings = (g) => (g.type === 'Polygon' ? [g.coordinates] : g.coordinates);
const area = (ring) => Math.abs(ring.reduce((s, p, i) => { const q = ring[(i + 1) % ring.length]; return s + p[0] * q[1] - q[0] * p[1]; }, 0)) / 2;
const whole = (g) => g && rings(g).some((p) => p[0].length > 4 && area(p[0]) > 0);
/* Specks of land that no pixel shows, unless they are all there is. */
function drop(g) {
  const all = rings(g).filter((p) => p[0].length >= 4 && area(p[0]) > 0);
  const big = Math.max(...all.map((p) => area(p[0])));
  const kept = all.filter((p) => area(p[0]) > 0.12 || area(p[0]) === big);
  return { type: 'MultiPolygon', coordinates: kept };
}
