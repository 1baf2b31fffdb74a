/** Runs actions one after the other, in the order of asking; one that fails keeps no other from its turn. */
export type InTurn = <Result>(action: () => Promise<Result>) => Promise<Result>;

/** Nothing is under way yet. */
export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    const done = last.then(action);
    last = done.catch(() => undefined);
    return done;
  };
}
