import { lowerCase } from '../lib/lower-case.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import type { ReportedJob } from '../protocol/reported-sample.ts';
import type { ClusterJob, ClusterUser } from '../report/rows.ts';
import { isWithin } from './amounts.ts';
import { type GpuFact, gpuIndexOf, hasWords, jobHasWords, jobOf, type Thing } from './facts.ts';
import { type Field, findField, type GpuTest, type Reading } from './fields.ts';
import type { Query, Term, Test, TextTest } from './query.ts';
import { gpuWordList, type Scene } from './scene.ts';

/**
 * The one rule for all rows. Terms without a minus hold together: the row's own terms; and on one of its nodes that
 * node's terms, on one of its GPUs there all GPU terms, and all terms of what runs there on one process or job (of
 * that GPU, where there are GPU terms). A minus leaves out what the term without it would show alone.
 */

/** What a row is made of. */
export interface RowSubject {
  job?: ClusterJob;
  user?: ClusterUser;
  /** For plain words, in lower case. */
  ownWords: string;
  scenes(): readonly Scene[];
}

type Check<Subject> = (subject: Subject) => boolean;

interface Plan {
  own: Check<RowSubject>[];
  scene: ((scene: Scene, isMeant: GpuTest) => boolean)[];
  gpu: Check<GpuFact>[];
  thing: Check<Thing>[];
  words: ((text: string) => boolean)[];
}

function matchesText(value: string | null, { text, isExact }: TextTest): boolean {
  if (value === null) return false;
  const lower = lowerCase(value);
  return isExact ? lower === text : lower.includes(text);
}

function matchesOne(field: Field, reading: Reading, test: Test): boolean {
  if (reading === null) return false;
  if (test.kind === 'interval') return typeof reading === 'number' && isWithin(reading, test);
  if (typeof reading === 'number') return false;
  const texts = typeof reading === 'string' ? [reading] : reading;
  return field.matches ? field.matches(texts, test) : texts.some((text) => matchesText(text, test));
}

const holdsFor =
  (field: Field, { tests }: Term) =>
  (reading: Reading) =>
    tests.some((test) => matchesOne(field, reading, test));

const gpuWordSet = new Set<string>(gpuWordList);

/** Some fields speak of a GPU with some words, and of a node with others. */
function isOfGpu({ ofGpu, ofScene }: Field, { tests }: Term): boolean {
  if (!ofGpu || !ofScene) return ofGpu !== undefined;
  return tests.some((test) => test.kind === 'text' && gpuWordSet.has(test.text));
}

function addWords(plan: Plan, { tests }: Term): void {
  plan.words.push((text) => tests.some((test) => test.kind === 'text' && text.includes(test.text)));
}

function addTerm(plan: Plan, kind: RowKind, term: Term): void {
  const field = term.field === null ? null : findField(term.field);
  if (field === null) return addWords(plan, term);
  const holds = holdsFor(field, term);
  const { ofJob, ofUser, ofThing, ofGpu, ofScene } = field;
  if (kind === 'jobs' && ofJob) plan.own.push(({ job }) => job !== undefined && holds(ofJob(job)));
  else if (kind === 'users' && ofUser) plan.own.push(({ user }) => user !== undefined && holds(ofUser(user)));
  else if (ofThing) plan.thing.push((thing) => holds(ofThing(thing)));
  else if (ofGpu && isOfGpu(field, term)) plan.gpu.push((gpu) => holds(ofGpu(gpu)));
  else if (ofScene) plan.scene.push((scene, isMeant) => holds(ofScene(scene, isMeant)));
  else throw new Error(`nothing reads the field ${field.name} of ${kind}`);
}

function planOf(terms: readonly Term[], kind: RowKind): Plan {
  const plan: Plan = { own: [], scene: [], gpu: [], thing: [], words: [] };
  for (const term of terms) addTerm(plan, kind, term);
  return plan;
}

/** `free:` counts the free ones among the GPUs that the other GPU terms mean. */
function matchesScene(plan: Plan, scene: Scene): boolean {
  const isMeant: GpuTest = (gpu) => plan.gpu.every((check) => check(gpu));
  // What no GPU is rules most nodes out, before anything is counted.
  if (plan.gpu.length > 0 && !scene.gpus().some(isMeant)) return false;
  if (!plan.scene.every((check) => check(scene, isMeant))) return false;
  if (plan.gpu.length === 0 || plan.thing.length === 0) return runsThere(plan, scene, null);
  return scene.gpus().some((gpu) => isMeant(gpu) && runsThere(plan, scene, gpu));
}

/** Whether one thing that runs on the node, or on this GPU of it, is meant. */
function runsThere({ thing: checks }: Plan, scene: Scene, on: GpuFact | null): boolean {
  if (checks.length === 0) return true;
  const isThere = (thing: Thing) => on === null || gpuIndexOf(thing) === on.gpu.index;
  return scene.things().some((thing) => isThere(thing) && checks.every((check) => check(thing)));
}

function sceneHasWord(scene: Scene, holds: (text: string) => boolean): boolean {
  const { name, tags } = scene.node;
  return (
    holds(lowerCase(name)) ||
    tags.some((tag) => holds(lowerCase(tag))) ||
    scene.gpus().some(({ gpu }) => gpu.name !== null && holds(lowerCase(gpu.name))) ||
    scene.things().some((thing) => hasWords(thing, holds)) ||
    // A whole node has its jobs among its things; of a GPU the jobs of its processes count.
    (!scene.isWhole && jobsOf(scene).some((job) => jobHasWords(job, holds)))
  );
}

function jobsOf(scene: Scene): ReportedJob[] {
  const jobs = new Set(scene.things().map(jobOf));
  return [...jobs].filter((job) => job !== null);
}

function matchesPlan(plan: Plan, row: RowSubject): boolean {
  if (!plan.own.every((check) => check(row))) return false;
  const hasPlace = plan.scene.length + plan.gpu.length + plan.thing.length > 0;
  if (hasPlace && !row.scenes().some((scene) => matchesScene(plan, scene))) return false;
  return plan.words.every(
    (holds) => holds(row.ownWords) || row.scenes().some((scene) => sceneHasWord(scene, holds)),
  );
}

/** Whether a row is meant, worked out once for all rows of a kind. */
export function createMatcher({ terms }: Query, kind: RowKind): (row: RowSubject) => boolean {
  const wanted = planOf(
    terms.filter(({ isNegated }) => !isNegated),
    kind,
  );
  const unwanted = terms.filter(({ isNegated }) => isNegated).map((term) => planOf([term], kind));
  return (row) => matchesPlan(wanted, row) && !unwanted.some((plan) => matchesPlan(plan, row));
}
