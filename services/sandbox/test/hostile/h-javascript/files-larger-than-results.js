// expect: success
// artifacts: hostile-small
// artifacts namespaces: hostile-large, hostile-small
require('fs').writeFileSync('hostile-large', new Uint8Array(9 * 2 ** 20));
require('fs').writeFileSync('hostile-small', 'x');
