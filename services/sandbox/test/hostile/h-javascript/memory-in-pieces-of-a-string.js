// A string that the engine gives up on.
// expect: out_of_memory | killed | error
// memory_mb: 128
// timeout_ms: 8000
// alone: yes
'x'.repeat(5e8).split('');
