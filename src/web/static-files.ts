import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve, sep } from 'node:path';
import type { Context } from 'hono';

/** Style, scripts and icons, served from disk as they are. */

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  ico: 'image/x-icon',
  xml: 'application/xml; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  woff2: 'font/woff2',
};

/** The file that a path below `/static/` means; null where it would lead out of the folder or to a hidden file. */
export function staticPath(folder: string, path: string): string | null {
  if (/[\0\\]/.test(path) || path.split('/').some((part) => part === '' || part.startsWith('.'))) return null;
  const root = resolve(folder);
  const file = join(root, path);
  return file.startsWith(root + sep) ? file : null;
}

/** Files of packages that a page may load, each by its own address; nothing else of a package is served. */
const packageFiles: Record<string, string> = {
  'uplot/uPlot.iife.min.js': 'uplot/dist/uPlot.iife.min.js',
  'uplot/uPlot.min.css': 'uplot/dist/uPlot.min.css',
};

/** Null for a path that means no file of a package, or where the package is not installed. */
function packagePath(path: string): string | null {
  const file = Object.hasOwn(packageFiles, path) ? packageFiles[path] : undefined;
  if (file === undefined) return null;
  try {
    return createRequire(import.meta.url).resolve(file);
  } catch {
    return null;
  }
}

/** Null where there is no such file. A browser asks again each time, and is told when nothing changed. */
export async function serveStatic(context: Context, folder: string, path: string): Promise<Response | null> {
  const file = packagePath(path) ?? staticPath(folder, path);
  const type = types[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? ''];
  if (!file || !type) return null;
  try {
    const { mtimeMs, size } = await stat(file);
    const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
    const headers = { ETag: etag, 'Cache-Control': 'no-cache', 'Content-Type': type };
    const known = context.req.header('if-none-match')?.split(/\s*,\s*/) ?? [];
    if (known.includes(etag) || known.includes(`W/${etag}`)) return context.body(null, 304, headers);
    return context.body(new Uint8Array(await readFile(file)), 200, headers);
  } catch {
    return null;
  }
}
