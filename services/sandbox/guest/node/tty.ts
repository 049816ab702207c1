import { Readable, Writable } from 'readable-stream';

/** Node's `tty`: there is no terminal. */
export const tty = { isatty: (): boolean => false, ReadStream: Readable, WriteStream: Writable };
