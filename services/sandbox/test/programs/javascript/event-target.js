// from: web API
// stdout: ^ping\ntrue\n$

const target = new EventTarget();
target.addEventListener('ping', (event) => console.log(event.type));
target.dispatchEvent(new Event('ping'));
const controller = new AbortController();
controller.abort();
console.log(controller.signal.aborted);
