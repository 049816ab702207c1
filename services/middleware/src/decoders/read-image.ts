import type { Image } from '../models/model.ts';

const DATA_URL = /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})$/;

/** Returns the image of a data URL; undefined for any other address: nothing is fetched on behalf of a caller. */
export function readImage(url: string): Image | undefined {
  const [, mimeType, data] = DATA_URL.exec(url) ?? [];
  return mimeType === undefined || data === undefined ? undefined : { mimeType, data };
}
