// from: web API
// stdout: ^32\n$

crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc')).then((digest) => console.log(digest.byteLength));
