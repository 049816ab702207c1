// expect: success
// artifacts: hostile-large, hostile-small
require('fs').writeFileSync('hostile-large', new Uint8Array(9 * 2 ** 20));
require('fs').writeFileSync('hostile-small', 'x');
