/** Variables that programs need to run at all. */
const BASICS = 'PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES LC_TIME TZ TMPDIR TERM';

/** Variables that name certificates: a file each, or folders with `:` between them. */
const CERTIFICATES =
  'NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE PIP_CERT GIT_SSL_CAINFO ' +
  'AWS_CA_BUNDLE DENO_CERT NPM_CONFIG_CAFILE';

/** Further variables without which programs reach nothing from many a company's network. */
const NETWORK =
  'HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY NODE_USE_SYSTEM_CA NODE_USE_ENV_PROXY ' +
  'NPM_CONFIG_REGISTRY NPM_CONFIG_PROXY NPM_CONFIG_HTTPS_PROXY NPM_CONFIG_NOPROXY NPM_CONFIG_STRICT_SSL ' +
  'PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_PROXY UV_INDEX_URL UV_EXTRA_INDEX_URL UV_INDEX ' +
  'UV_DEFAULT_INDEX UV_INSECURE_HOST UV_NATIVE_TLS UV_SYSTEM_CERTS UV_PYTHON_INSTALL_MIRROR';

const words = (text: string): readonly string[] => text.split(' ');
/** These are read in either case: `https_proxy`, `npm_config_registry`. */
const inBothCases = (names: readonly string[]) => names.flatMap((name) => [name, name.toLowerCase()]);

const CERTIFICATE_NAMES = new Set(inBothCases(words(CERTIFICATES)));
const HANDED_DOWN = new Set([...words(BASICS), ...CERTIFICATE_NAMES, ...inBothCases(words(NETWORK))]);

/** Folders that `npm run` puts first in PATH: programs of the packages that the mesh itself needs. */
const OF_NPM = /\/(?:node_modules\/\.bin|node-gyp-bin)\/?$/;

/**
 * Returns the environment of a program: of ours the basics and what leads to the network, none of our secrets, and all
 * that is configured for it. Programs of the mesh's own packages are the last that PATH finds.
 */
export function basicEnvironment(
  hostEnv: NodeJS.ProcessEnv,
  env: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const handedDown = Object.entries(hostEnv).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || !HANDED_DOWN.has(name)) return [];
    return [[name, name === 'PATH' ? withOwnLast(value) : value]];
  });
  return { ...Object.fromEntries(handedDown), ...env };
}

function withOwnLast(path: string): string {
  const folders = path.split(':');
  const isOwn = (folder: string): boolean => OF_NPM.test(folder);
  return [...folders.filter((folder) => !isOwn(folder)), ...folders.filter(isOwn)].join(':');
}

/** Returns whether a variable names certificates. */
export const namesCertificates = (name: string): boolean => CERTIFICATE_NAMES.has(name);

/** Lists the absolute paths of certificates that an environment names. */
export const certificatePaths = (environment: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(environment)
    .filter(([name]) => namesCertificates(name))
    .flatMap(([, value]) => value.split(':'))
    .filter((path) => path.startsWith('/'));

const CREDENTIALS = /\/\/[^\s/@]{1,256}@/g;

/** Returns a text of a program without the names and passwords in its URLs, such as those of a proxy. */
export const withoutCredentials = (text: string): string => text.replaceAll(CREDENTIALS, '//***@');
