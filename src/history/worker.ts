import { parentPort, workerData } from 'node:worker_threads';
import { answerCalls } from './calls.ts';
import { openService } from './service.ts';
import type { HistorySettings } from './settings.ts';

/** The thread in which a head keeps its history. */

if (parentPort === null) throw new Error('this is a thread of the head');
answerCalls(parentPort, () => openService(workerData as HistorySettings));
