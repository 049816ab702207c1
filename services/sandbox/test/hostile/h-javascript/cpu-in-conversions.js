// expect: timeout
// timeout_ms: 500
const slow = { valueOf() { for (;;); }, toString() { for (;;); } };
`${slow}` + slow;
