// from: node core
// stdout: ^later\n$

const { setTimeout: sleep } = require('timers/promises');
sleep(5, 'later').then(console.log);
