/** What the command line starts. */
export { type Head, startHead } from './head/head.ts';
