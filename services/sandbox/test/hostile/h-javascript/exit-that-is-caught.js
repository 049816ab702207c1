// There is nothing to catch.
// expect: error
// stdout: ^$
try { process.exit(7); } catch { console.log('caught'); } finally { console.log('finally'); }
