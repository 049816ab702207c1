export { default as decoder } from 'string_decoder/lib/string_decoder.js';
