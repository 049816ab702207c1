// Finds the end of the stack again and again, and uses its last frame.
// expect: timeout | error | killed
// timeout_ms: 1000
const deeper = () => {
  try { deeper(); } catch { console.log('edge'); deeper(); } finally { JSON.stringify([[[]]]); }
};
deeper();
