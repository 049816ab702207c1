// Each timer is also one of the host's.
// expect: timeout | out_of_memory | success
// memory_mb: 64
// timeout_ms: 2000
// alone: yes
for (let i = 0; i < 2_000_000; i += 1) setTimeout(() => {}, 1e6);
