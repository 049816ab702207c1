// from: node core
// stdout: ^got 1\n$

const { EventEmitter } = require('events');
const emitter = new EventEmitter();
emitter.on('x', (n) => console.log('got', n));
emitter.emit('x', 1);
