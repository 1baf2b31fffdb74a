import { findProjectFolder } from '../config/version.ts';

/** The command line's own environment; nothing else of it reads the process's. */
export const environment: NodeJS.ProcessEnv = process.env;

/** Where a command runs: what settings and paths count from. */
export const surroundings = () => ({
  environment,
  workingFolder: process.cwd(),
  projectFolder: findProjectFolder(),
});
