import type { FailureDetail, Way } from '../../report/failure-detail.ts';
import { createFailure } from '../../report/failures.ts';
import { acceptCommand } from '../host-keys/host-key-check.ts';
import { knownHostsName } from '../host-keys/known-hosts.ts';
import { proxyQuestionError } from '../secrets/proxy-questions.ts';
import { passwordRequest, type SecretRequest, unansweredQuestion } from '../secrets/secret-request.ts';
import { StepError } from '../ssh-step-error.ts';
import { wayTo } from '../way.ts';
import { hopName, hopsBefore, keepaliveOf, type OpensshHop } from './command.ts';
import { explainHop, explainOpenssh, type OpensshContext } from './errors.ts';
import type { OpensshProgress } from './progress.ts';
import type { PromptDesk } from './prompts.ts';

/** Everything that is known of an ssh that has ended. */
export interface OpensshStory {
  hop: OpensshHop;
  way: Way;
  sshConfigFile: string | null;
  stageMs: number;
  progress: OpensshProgress;
  /** Null where nothing could be asked. */
  desk: PromptDesk | null;
  errorOutput: readonly string[];
}

const KEPT_LINES = 8;

/** Keys that were shown, what the server would still take, and what only a person can answer. */
function triedOf({ offered, methods }: OpensshProgress, desk: PromptDesk | null): string[] {
  const left =
    methods.length === 0 || methods.includes('publickey')
      ? []
      : [`the server takes only ${methods.join(', ')}`];
  const stuck = desk?.stuckOn();
  const odd = stuck?.kind === 'odd' ? [unansweredQuestion(stuck.text)] : [];
  return [...new Set(offered), ...odd, ...left];
}

function contextOf({ hop, way, progress, desk, stageMs, errorOutput }: OpensshStory): OpensshContext {
  const { settings } = hop;
  const keepalive = keepaliveOf(settings);
  return {
    stage: progress.stage,
    user: settings.user,
    tried: triedOf(progress, desk),
    said: progress.said,
    errorOutput,
    proxied: progress.proxied,
    hostKey: progress.hostKey,
    offendingFile: progress.offendingFile,
    lookup: knownHostsName(settings),
    acceptCommand: acceptCommand(way.sshWords),
    stageMs,
    silenceLimitMs: keepalive.intervalMs * keepalive.count,
  };
}

/** The host whose question had no answer; null where it is none that we know. */
function hostThatAsked({ hop, progress, desk }: OpensshStory): OpensshHop | null {
  const stuck = desk?.stuckOn() ?? null;
  if (stuck?.kind === 'secret')
    return (
      [hop, ...hopsBefore(hop)].find(({ settings }) => passwordRequest(settings).id === stuck.request.id) ??
      null
    );
  return progress.stage === 'login' ? hop : hop.via;
}

/** What a person types to reach a jump host. */
function hopWay(hop: OpensshHop, sshConfigFile: string | null): Way {
  const { place, settings, via } = hop;
  const way = wayTo({ name: place.host, ...place, local: false }, sshConfigFile);
  const [program = 'ssh', ...rest] = way.sshWords;
  const jump = via === null ? [] : ['-J', hopsBefore(hop).map(hopName).join(',')];
  return { ...way, sshWords: [program, ...jump, ...rest], host: settings.hostName, port: settings.port };
}

/** A refusal of this host, with what it was given. */
function withSecrets(
  detail: FailureDetail,
  { settings }: OpensshHop,
  { desk, progress }: OpensshStory,
): FailureDetail {
  if (detail.cause !== 'auth' || desk === null) return detail;
  const secretRefused = desk.refused(settings, progress.hadPartialSuccess);
  const needs = desk.missing();
  const { id } = passwordRequest(settings);
  const keyWorkedBefore = desk.isWithheld(settings) && needs.some((need) => need.id === id);
  return { ...detail, needs, secretRefused, keyWorkedBefore };
}

/** A jump host's failure, told as one of the way, with the host's own reason and hint. */
function blameHop(hop: OpensshHop, found: FailureDetail | null, story: OpensshStory): StepError {
  const { errorOutput, desk, sshConfigFile } = story;
  const name = `jump host ${hopName(hop)}`;
  if (found === null || found.cause === 'proxy') {
    const detail = found?.detail ?? errorOutput.at(-1) ?? 'it ended without a word';
    return new StepError(
      { cause: 'proxy', detail: `${name}: ${detail}` },
      lastLinesOf(story),
      missingOf(desk),
    );
  }
  const failure = createFailure(hopWay(hop, sshConfigFile), withSecrets(found, hop, story));
  const { message, hint, needsPerson } = failure;
  const detail = `${name}: ${message}`;
  return new StepError({ cause: 'proxy', detail, hint, needsPerson }, lastLinesOf(story), missingOf(desk));
}

/** After `refused`, which adds to it. */
const missingOf = (desk: PromptDesk | null): SecretRequest[] => desk?.missing() ?? [];

const lastLinesOf = ({ errorOutput, progress }: OpensshStory) =>
  [...errorOutput, ...progress.said].slice(-KEPT_LINES);

function explainStuck(story: OpensshStory, context: OpensshContext): StepError {
  const { hop, desk } = story;
  const host = hostThatAsked(story);
  const { tried } = context;
  if (host === null) {
    const wasRefused = desk?.refusedSomewhere() ?? false;
    return proxyQuestionError(missingOf(desk), wasRefused, lastLinesOf(story));
  }
  const refusal: FailureDetail = {
    cause: 'auth',
    user: host.settings.user,
    tried: host === hop ? tried : [],
  };
  if (host !== hop) return blameHop(host, refusal, story);
  const detail = withSecrets(refusal, hop, story);
  return new StepError(detail, lastLinesOf(story), missingOf(desk));
}

/** Why ssh ended, as facts. */
export function explainStory(story: OpensshStory): StepError {
  const { hop, progress, desk, errorOutput, sshConfigFile } = story;
  const context = contextOf(story);
  if ((desk?.stuckOn() ?? null) !== null) return explainStuck(story, context);
  const found = explainOpenssh(context);
  if (found.cause === 'proxy' && hop.via !== null) {
    const { settings } = hop.via;
    const words = hopWay(hop.via, sshConfigFile).sshWords;
    const own = {
      ...context,
      user: settings.user,
      tried: [],
      hostKey: null,
      lookup: knownHostsName(settings),
      acceptCommand: acceptCommand(words),
    };
    return blameHop(hop.via, explainHop(errorOutput, own), story);
  }
  if (found.cause === 'proxy' && desk?.refusedSomewhere())
    return proxyQuestionError(missingOf(desk), true, lastLinesOf(story));
  const detail = progress.stage === null ? found : withSecrets(found, hop, story);
  return new StepError(detail, lastLinesOf(story), missingOf(desk));
}
