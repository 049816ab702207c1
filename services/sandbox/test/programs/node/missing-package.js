// from: open-webui#15609 for JavaScript
// only: namespaces
// status: error
// error: packages: \["lodash"\]

const _ = require('lodash');
console.log(_.chunk([1, 2, 3], 2));
