// expect: timeout | error | success
// timeout_ms: 1000
for (let i = 0; i < 1e6; i += 1) new Date(8.64e15).toLocaleString('de', { timeZone: 'Europe/Berlin', dateStyle: 'full' });
