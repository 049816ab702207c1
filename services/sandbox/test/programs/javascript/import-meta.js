// from: modules
// stdout: ^file true\n$

import { readFileSync } from 'node:fs';
console.log(import.meta.url.split(':')[0], typeof readFileSync === 'function');
