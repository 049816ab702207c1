// Directives that read files in a compiler.
// expect: success
// stdout: done
/// <reference path="/etc/passwd" />
/// <reference types="../../../package.json" />
/// <reference lib="dom" />
// @ts-nocheck
/** @jsx process.mainModule */
console.log('done');
