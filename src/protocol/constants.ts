/** Figures and names that both ends agree on. No zod here: the monitor is bundled with this file. */

export const PROTOCOL_VERSION = 1;

/** The last words of a monitor's argument list are this, the node's name and the head's id. */
export const MONITOR_TITLE = 'rollcall-monitor';

/** A longer line from a node is rubbish: 64 GPUs, 512 cores and 200 processes fit several times over. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Of what a node prints before `hello`, this much is kept for the error's story. */
export const MAX_NOISE_BYTES = 64 * 1024;

/** What a GPU tool's error holds before its first answer: that is no answer yet. */
export const NOT_ANSWERED_YET = 'has not answered yet';

/** The head says something at least this often. */
export const BEAT_INTERVAL_MS = 5_000;

/** A monitor that heard nothing for this long ends itself: a cut link gives no end of file for hours. */
export const SILENCE_LIMIT_MS = 30_000;

/**
 * A monitor leaves samples out while the head has not acknowledged for so long (and for three samples
 * at least). Beats acknowledge; twice their interval and a little is what a head that follows never reaches.
 */
export const UNACKNOWLEDGED_LIMIT_MS = 12_000;
export const MIN_UNACKNOWLEDGED_SAMPLES = 3;

/** Shortest and longest sampling interval that a head may ask for. */
export const MIN_INTERVAL_MS = 200;
export const MAX_INTERVAL_MS = 3_600_000;

/** Rows beyond these are cut by the monitor, and left out by the head. */
export const MAX_GPUS = 256;
export const MAX_GPU_PROCESSES = 1024;
export const MAX_TOP_PROCESSES = 64;
export const MAX_CORES = 4096;
export const MAX_FILESYSTEMS = 64;
export const MAX_DEVICES = 256;
export const MAX_PROCESS_FACTS = 2048;
export const MAX_JOBS = 1024;
export const MAX_EVENTS = 100;
export const MAX_WARNINGS = 20;

/** Nodes in one part of a scheduler's answer, which stays far below a line's length; and parts of one answer. */
export const MAX_SCHEDULER_NODES = 200;
export const MAX_ANSWER_PARTS = 100;

/** No kernel gives a process a larger number (PID_MAX_LIMIT). */
export const LARGEST_PID = 2 ** 22;

/** Rows of MIG instances come behind all GPUs; a GPU's index stays below this. */
export const FIRST_MIG_INDEX = 1024;
export const MIG_INDEXES_PER_GPU = 32;

/** Bytes of arguments that are kept of one process. */
export const MAX_ARGUMENTS_LENGTH = 1024;
