// from: patriksimek/vm2#357
// stdout: ^example.com \?a=1 1\n$

const url = new URL('https://example.com/x?a=1');
console.log(url.hostname, url.search, new URLSearchParams('a=1&b=2').get('a'));
