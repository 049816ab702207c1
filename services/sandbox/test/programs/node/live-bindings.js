// from: what ES modules are taught with
// only: namespaces
// stdout: ^1 1\n$
// file counter.mjs: export let n = 0; export function inc() { n++ }

import { n, inc } from './counter.mjs';
inc();
console.log(n, (await import('./counter.mjs')).n);
