// expect: timeout
// timeout_ms: 500
const again = () => Promise.resolve().then(again);
again();
await new Promise(() => {});
