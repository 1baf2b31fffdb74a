import type { OpensshEvent } from './log.ts';

/** What an ssh's log tells beside how far it has come. */
export interface OpensshNotes {
  said: string[];
  /** Keys and other ways that were shown to the server. */
  offered: string[];
  /** What the server goes on taking. */
  methods: readonly string[];
  algorithms: string[];
  hadPartialSuccess: boolean;
  hostKey: { keyType: string; fingerprint: string } | null;
  offendingFile: string | null;
  /** How the command ended, where the node said so. */
  exit: { exitCode: number | null; signal: string | null } | null;
}

const KEPT_LINES = 40;

/** ssh does not tell which signal it was. */
const UNNAMED_SIGNAL = 'a signal';

/** Before the log has told anything. */
export function emptyNotes(): OpensshNotes {
  return {
    said: [],
    offered: [],
    methods: [],
    algorithms: [],
    hadPartialSuccess: false,
    hostKey: null,
    offendingFile: null,
    exit: null,
  };
}

/** Adds what one line told; of what people are told the last lines are kept. */
export function addNote(notes: OpensshNotes, event: OpensshEvent): void {
  switch (event.kind) {
    case 'algorithm':
      notes.algorithms.push(event.name);
      return;
    case 'host-key':
      notes.hostKey ??= event;
      return;
    case 'offending':
      notes.offendingFile = event.file;
      return;
    case 'offered':
      notes.offered.push(event.label);
      return;
    case 'methods':
      notes.methods = event.names;
      return;
    case 'partly':
      notes.hadPartialSuccess = true;
      return;
    case 'exit-status':
      notes.exit = { exitCode: event.code, signal: null };
      return;
    case 'exit-signal':
      notes.exit = { exitCode: null, signal: UNNAMED_SIGNAL };
      return;
    case 'said':
      notes.said.push(event.line);
      if (notes.said.length > KEPT_LINES) notes.said.shift();
      return;
    default:
      return;
  }
}
