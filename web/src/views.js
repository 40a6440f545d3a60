/* Every view of the page: one folder under views/ and one line here. `path` ends in "/*" when a word
 * follows; `need`: the least role that may see it; `nav`: it stands in the navigation; `under`: whose
 * entry there is marked instead; `bar`: it is of a time range, the usual one named; `uses`: filters it
 * knows. The title is said before the view is loaded; all other words are in its folder.
 * src/portal/route.c answers these paths. */
export const VIEWS = [
  { name: 'now', path: '/', need: 'viewer', nav: true, plain: true, title: ['Now', '現在の状況'], load: () => import('./views/now/view.js') },
];
