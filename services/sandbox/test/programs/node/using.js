// from: explicit resource management
// only: namespaces
// stdout: ^disposed\nad\n$
// result: ^'ok'$

{ using x = { [Symbol.dispose]() { console.log('disposed') } }; } await using y = { async [Symbol.asyncDispose]() { console.log('ad') } };
'ok'
