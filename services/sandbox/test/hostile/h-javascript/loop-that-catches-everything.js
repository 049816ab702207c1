// expect: timeout
// timeout_ms: 500
for (;;) {
  try { for (;;); } catch {} finally { continue; }
}
