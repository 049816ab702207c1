// Names that a runner may have used for itself.
// expect: success | error
// stdout: CONTAINED
const found = ['$0', '$1', '$2', '$3', 'acorn', 'inspector', 'writers', 'leave', 'evaluate', 'createWriter', 'prepareProgram', 'encoder']
  .filter((name) => { try { return (0, eval)(`typeof ${name}`) !== 'undefined'; } catch { return false; } });
console.log(found.length > 0 ? `ESCAPED to ${found}` : 'CONTAINED');
