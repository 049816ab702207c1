// expect: out_of_memory | error | timeout
// memory_mb: 64
// timeout_ms: 4000
// alone: yes
JSON.parse(`[${'[1],'.repeat(1e7)}1]`);
