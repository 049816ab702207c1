import legacy from 'url/url.js';
import { URL, URLSearchParams } from '../web/url.ts';

function fileURLToPath(given: unknown): string {
  const url = new URL(String(given));
  if (url.protocol === 'file:') return decodeURIComponent(url.pathname);
  throw Object.assign(new TypeError('The URL must be of scheme file'), { code: 'ERR_INVALID_URL_SCHEME' });
}

function pathToFileURL(path: unknown): InstanceType<typeof URL> {
  const text = String(path);
  const absolute = text.startsWith('/') ? text : `/work/${text}`;
  return new URL(`file://${absolute.split('/').map(encodeURIComponent).join('/')}`);
}

/** Node's `url`: the classes of whatwg-url, the older functions of the package `url`. */
export const url = {
  ...legacy,
  URL,
  URLSearchParams,
  fileURLToPath,
  pathToFileURL,
  domainToASCII: (domain: string): string => URL.parse(`http://${domain}`)?.hostname ?? '',
  urlToHttpOptions: ({ protocol, hostname, pathname, search, hash, href, port }: InstanceType<typeof URL>) => ({
    protocol,
    hostname,
    pathname,
    search,
    hash,
    href,
    path: `${pathname}${search}`,
    ...(port === '' ? {} : { port: Number(port) }),
  }),
};
export { fileURLToPath, pathToFileURL, URL, URLSearchParams };
