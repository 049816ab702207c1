export { default as assert } from 'assert/build/assert.js';
