import readable from 'readable-stream';

export const stream = readable;
export const { promises } = readable;
