/* From numbers to six steps of one hue. */
const STEPS = 6;

/* Steps of a log scale with round ends: 1-2-5 would need many, powers of a root do. */
export function scale(values) {
  const hi = Math.max(1, ...values);
  const ends = [];
  for (let i = 1; i < STEPS; i++) {
    const raw = hi ** (i / STEPS), mag = 10 ** Math.floor(Math.log10(raw));
    ends.push(raw < 10 ? Math.max(1, Math.round(raw)) : Math.round(raw / mag) * mag);
  }
  const edges = [...new Set(ends)].filter((e) => e > 1).sort((a, b) => a - b); /* nothing is below one */
  return { edges, step: (v) => 1 + edges.filter((e) => v >= e).length };
}
