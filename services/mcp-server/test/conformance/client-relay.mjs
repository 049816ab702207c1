// What the conformance suite starts for each scenario, all of them at once: tells the one driver what to do, for a
// process that loads the hub's client by itself would take a whole core for half a second.
const [driver, url] = process.argv.slice(2);
const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_CONTEXT: context = '{}' } = process.env;
const answer = await fetch(driver, { method: 'POST', body: JSON.stringify({ scenario, url, context }) });
process.stdout.write(`${await answer.text()}\n`);
process.exitCode = answer.ok ? 0 : 1;
