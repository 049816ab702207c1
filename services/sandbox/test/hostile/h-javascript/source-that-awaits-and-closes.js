// The same where the runner needs an async function.
// expect: error
await 0; })(); globalThis.process.mainModule; (async () => {
