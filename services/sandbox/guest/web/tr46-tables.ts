export { toASCII, toUnicode } from 'tr46/index.js';
