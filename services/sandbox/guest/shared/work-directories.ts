/** The working directory of programs. */
export const WORK_DIR = '/work';
/** Paths that other code interpreters have for it: links (`WORK_DIRECTORIES` of the contract). */
export const OTHER_NAMES: readonly string[] = ['/mnt/data', '/home/user', '/home/sandbox', '/workspace', '/content'];
