// Always one more to wait for.
// expect: timeout
// timeout_ms: 500
const again = () => setTimeout(again, 0);
again();
