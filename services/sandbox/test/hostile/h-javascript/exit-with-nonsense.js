// expect: error | success
process.exit({ valueOf() { throw new Error('code'); } });
