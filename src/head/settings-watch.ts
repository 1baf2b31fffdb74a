import type { Config } from '../config/config.ts';
import { currentStamp } from '../config/settings-file.ts';

const LOOK_EVERY_MS = 1_000;
const STILL_FOR_MS = 500;

/**
 * Looks at the settings file every second, which works over NFS and for files replaced by rename, and calls back for
 * another text once it has been still; also for a file that comes or goes. The result ends that.
 */
export function watchSettings(
  { path, stamp }: Pick<Config['settingsFile'], 'path' | 'stamp'>,
  onChange: () => void,
): () => void {
  let taken = stamp;
  let seen = stamp;
  let stopped = false;

  async function look(): Promise<void> {
    const now = (await currentStamp(path)) ?? taken;
    if (stopped) return;
    const isStill = now === seen;
    seen = now;
    if (now !== taken && isStill) {
      taken = now;
      onChange();
    }
    timer = setTimeout(look, now === taken ? LOOK_EVERY_MS : STILL_FOR_MS);
  }

  let timer = setTimeout(look, 0);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
