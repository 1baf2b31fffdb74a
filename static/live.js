// The page's life, in one script element of a design: whatever every page needs is imported here, and what only some
// pages have an element for is loaded where there is one. Without JavaScript the page shows the same figures, and
// loads itself anew every minute.
import { startKeys } from './find/keys.js';
import { startOnlyMine } from './find/mine.js';
import { startSearchBox } from './find/search-box.js';
import { keepRoom } from './heat/room.js';
import { startFolding } from './live/fold.js';
import { startLife } from './live/life.js';
import { startAnnouncing } from './page/announce.js';
import { startInstalling } from './page/install.js';
import { startScrolling } from './page/scroll.js';
import { showTimes } from './page/times.js';
import { startWhereNeeded } from './page/when-needed.js';
import { startTimeMachine } from './then/start.js';

const parts = [
  keepRoom,
  () => showTimes(document),
  startScrolling,
  startLife,
  startFolding,
  startWhereNeeded,
  startSearchBox,
  startKeys,
  startOnlyMine,
  startTimeMachine,
  startAnnouncing,
  startInstalling,
];

// What is wrong with one part stays there.
for (const start of parts) {
  try {
    start();
  } catch (error) {
    reportError(error);
  }
}
