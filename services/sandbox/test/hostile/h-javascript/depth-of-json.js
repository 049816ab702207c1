// expect: success | error
// stdout: done|^$
try { JSON.parse('['.repeat(1e6)); } catch {}
try { JSON.parse(`${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`); } catch {}
console.log('done');
