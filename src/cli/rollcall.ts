import { keepCompiledCode } from './compile-cache.ts';

keepCompiledCode();
// After it, so that all else comes out of the cache.
void import('./command-line.ts').then(({ runCommandLine }) => runCommandLine(process.argv.slice(2)));
