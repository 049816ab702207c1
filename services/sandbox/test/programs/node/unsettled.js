// from: a promise without resolve
// only: namespaces
// status: error
// stderr: nothing settles

await new Promise(() => {});
