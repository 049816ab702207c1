// Preloaded by tests (`node --import`): writes down each module that is loaded from a package whose name begins with
// what REPORT_MODULES says and from where, one a line, into the file REPORT_FILE.
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const { REPORT_MODULES: prefix = '', REPORT_FILE: file = '' } = process.env;
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith(prefix)) appendFileSync(file, `${specifier} from ${context.parentURL}\n`);
    return next(specifier, context);
  },
});
