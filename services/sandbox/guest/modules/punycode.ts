export { default as punycode } from 'punycode/punycode.js';
