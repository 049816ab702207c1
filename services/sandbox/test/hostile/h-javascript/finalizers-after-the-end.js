// Callbacks for what is collected, perhaps when there is nobody to call them.
// expect: success
const registry = new FinalizationRegistry(() => console.log('late'));
for (let i = 0; i < 100_000; i += 1) registry.register({ i }, i);
new WeakRef({});
'done';
