// Classes of the web that libraries take for globals (see engine.ts).
export { TextDecoder, TextEncoder } from '@exodus/bytes/encoding-lite.js';
