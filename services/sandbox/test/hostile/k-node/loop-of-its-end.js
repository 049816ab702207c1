// Never lets its process end.
// only: namespaces
// expect: timeout
// timeout_ms: 1500
process.on('exit', () => {
  for (;;);
});
process.exit(0);
