/* Every view of the page: one folder under views/ and one line here. `path` ends in "/*" when a word
 * follows; `need`: the least role that may see it, or `open` to all; `plain`: its title is not shown; `nav`: it stands in the navigation; `under`: whose
 * entry there is marked instead; `bar`: it is of a time range, the usual one named (own: of what it is about); `uses`: filters it
 * knows. The title is said before the view is loaded; all other words are in its folder.
 * src/portal/route.c answers these paths. */
export const VIEWS = [
  { name: 'now', path: '/', need: 'viewer', nav: true, plain: true, title: ['Now', '現在の状況'], load: () => import('./views/now/view.js') },
  { name: 'mine', path: '/mine', need: 'viewer', nav: true, bar: '24h', uses: ['country', 'asn'], title: ['My network', '自組織'], load: () => import('./views/mine/view.js') },
  { name: 'alerts', path: '/alerts', need: 'viewer', nav: true, bar: '24h', uses: ['country', 'asn', 'port', 'sensor'], title: ['Alerts', 'アラート'], load: () => import('./views/alerts/view.js') },
  { name: 'alert', path: '/alerts/*', under: 'alerts', need: 'viewer', title: ['Alert', 'アラート詳細'], load: () => import('./views/alert/view.js') },
  { name: 'attacks', path: '/attacks', need: 'viewer', nav: true, bar: '24h', uses: ['country', 'asn'], title: ['Attacks', '攻撃'], load: () => import('./views/attacks/view.js') },
  { name: 'attack', path: '/attacks/*', under: 'attacks', need: 'viewer', title: ['Attack', '攻撃の詳細'], load: () => import('./views/attack/view.js') },
  { name: 'ports', path: '/ports', need: 'viewer', nav: true, bar: '24h', uses: ['country', 'asn', 'sensor'], title: ['Ports', 'ポート'], load: () => import('./views/ports/view.js') },
  { name: 'groups', path: '/groups', need: 'viewer', nav: true, bar: '24h', uses: ['country', 'port', 'sensor'], title: ['Groups', 'ホスト群'], load: () => import('./views/groups/view.js') },
  { name: 'group', path: '/groups/*', under: 'groups', need: 'viewer', bar: '24h', title: ['Group', 'ホスト群の詳細'], load: () => import('./views/group/view.js') },
  { name: 'compare', path: '/compare', need: 'viewer', nav: true, bar: '24h', title: ['Compare sensors', 'センサー比較'], load: () => import('./views/compare/view.js') },
  { name: 'about', path: '/about/*', need: 'viewer', bar: 'own', title: ['About', '詳細'], load: () => import('./views/about/view.js') },
  { name: 'flows', path: '/flows', need: 'analyst', nav: true, bar: '24h', uses: ['country', 'asn', 'port', 'sensor'], title: ['Flows', 'フロー'], load: () => import('./views/flows/view.js') },
  { name: 'hits', path: '/hits', under: 'attacks', need: 'analyst', bar: '24h', uses: ['port', 'sensor'], title: ['Requests at honeypots', 'ハニーポットへの要求'], load: () => import('./views/hits/view.js') },
  { name: 'subscriptions', path: '/subscriptions', need: 'viewer', nav: true, title: ['Subscriptions', '通知'], load: () => import('./views/subscriptions/view.js') },
  { name: 'system', path: '/system', need: 'operator', nav: true, title: ['System', 'システム'], load: () => import('./views/system/view.js') },
  { name: 'admin', path: '/admin', need: 'admin', nav: true, title: ['Administration', '管理'], load: () => import('./views/admin/view.js') },
  { name: 'account', path: '/account', need: 'viewer', title: ['My account', 'アカウント'], load: () => import('./views/account/view.js') },
  { name: 'sign-in', path: '/sign-in', open: true, title: ['Sign in', 'サインイン'], load: () => import('./views/sign-in/view.js') },
];
