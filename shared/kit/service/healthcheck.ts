// Asks a service of this machine whether it is healthy, for health checks of containers. Argument: its port.
const answer = await fetch(`http://127.0.0.1:${process.argv[2]}/health`, { signal: AbortSignal.timeout(2_500) });
process.exit(answer.ok ? 0 : 1);
