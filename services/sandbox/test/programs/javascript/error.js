// from: models read stacks
// status: error
// error: ^TypeError: .*null

null.x;
