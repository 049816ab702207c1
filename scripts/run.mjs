// Runs a script of the project on the Node that the project brings along, after installing what is missing.
// Argument: the script, from the project's root; the rest is passed on.
import { become } from './become.mjs';
import { COMPILE_CACHE, ensureInstalled, ensurePageBuilt, projectNode, ROOT } from './install.mjs';

ensureInstalled();
ensurePageBuilt();
process.chdir(ROOT);
become(projectNode(), process.argv.slice(2), { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env });
