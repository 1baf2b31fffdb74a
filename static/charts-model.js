// What charts show: which figures make one chart, and the points of one node. Draws nothing.
(() => {
  const gpu = (figure, title, unit, max) => ({
    title,
    group: 'gpus',
    unit,
    max,
    has: (key) => key.startsWith('gpu.') && key.endsWith(`.${figure}`),
  });
  const job = (figure, title, unit) => ({
    title,
    group: 'jobs',
    unit,
    has: (key) => key.startsWith('job.') && key.endsWith(`.${figure}`),
  });
  const machine = (keys, title, group, unit, max) => ({
    title,
    group,
    unit,
    max,
    has: (key) => keys.includes(key),
  });

  const SUBJECTS = [
    gpu('utilization', 'GPU utilization', 'percent', 100),
    gpu('memory', 'GPU memory', 'bytes'),
    gpu('temperature', 'GPU temperature', 'celsius'),
    gpu('power', 'GPU power', 'watts'),
    machine(['cpu'], 'CPU', 'cpu', 'percent', 100),
    machine(['memory', 'swap'], 'Memory', 'memory', 'bytes'),
    machine(['network.receive', 'network.transmit'], 'Network', 'network', 'bytesPerSecond'),
    machine(['disks.read', 'disks.write'], 'Disks', 'disks', 'bytesPerSecond'),
    machine(['disks.busy'], 'Busiest disk', 'disks', 'percent', 100),
    job('cpu', 'CPU of jobs, each with all its processes', 'cores'),
    job('resident', 'Memory of jobs', 'bytes'),
    job('gpuMemory', 'GPU memory of jobs', 'bytes'),
  ];

  // --- the figures of one node

  /** Aligned columns: every series has a value or null for each of `times`. */
  function createModel() {
    let times = [];
    const series = new Map();
    let missing = {};

    /** The same GPU or job has the same place, and so the same colour, in all charts. */
    function placeOf(owner, group) {
      const others = [...series.values()].filter((one) => one.group === group);
      const own = others.find((one) => one.owner === owner);
      if (own) return own.place;
      const taken = new Set(others.map(({ place }) => place));
      let place = 0;
      while (taken.has(place)) place++;
      return place;
    }

    function seriesFor({ key, group, label, unit: toldUnit }) {
      // A job's CPU is no part of a whole.
      const unit = group === 'jobs' && toldUnit === 'percent' ? 'cores' : toldUnit;
      const known = series.get(key);
      // The name of a job that has ended is forgotten by the node, but not here.
      if (known && !known.label.startsWith(label)) known.label = label;
      if (known) return known;
      const owner = group === 'gpus' || group === 'jobs' ? key.slice(0, key.lastIndexOf('.')) : key;
      const place = placeOf(owner, group);
      const added = { key, group, label, unit, owner, place, values: times.map(() => null), missing: null };
      series.set(key, added);
      return added;
    }

    function append(chunk) {
      const last = times.at(-1) ?? Number.NEGATIVE_INFINITY;
      const fresh = chunk.timesMs.flatMap((time, at) => (time > last ? [at] : []));
      for (const one of chunk.series) seriesFor(one).missing = one.missing ?? null;
      times.push(...fresh.map((at) => chunk.timesMs[at]));
      for (const one of chunk.series)
        series.get(one.key)?.values.push(...fresh.map((at) => one.values[at] ?? null));
      for (const { values } of series.values()) while (values.length < times.length) values.push(null);
      if (chunk.missing) missing = chunk.missing;
    }

    /** Points older than 15 minutes go, and with them jobs without a value. */
    function dropBefore(ms) {
      const old = times.findIndex((time) => time >= ms);
      const count = old < 0 ? times.length : old;
      if (count === 0) return;
      times = times.slice(count);
      for (const [key, one] of series) {
        one.values = one.values.slice(count);
        if (one.group === 'jobs' && one.values.every((value) => value === null)) series.delete(key);
      }
    }

    return {
      append,
      dropBefore,
      lastMs: () => times.at(-1) ?? null,
      times: () => times,
      of: ({ has }) => [...series.values()].filter(({ key }) => has(key)),
      whyNone: (group) => missing[group] ?? null,
    };
  }

  /** Of series without a value: each reason once, with whose it is where others have values or other reasons. */
  function reasonsOf(absent, isAll) {
    const byReason = new Map();
    for (const { label, missing } of absent) {
      const why = missing ?? 'no value in the last 15 minutes';
      byReason.set(why, [...(byReason.get(why) ?? []), label]);
    }
    if (isAll && byReason.size === 1) return [...byReason.keys()][0];
    return [...byReason].map(([why, labels]) => `${labels.join(', ')}: ${why}`).join('; ') || null;
  }

  globalThis.rollcallModel = { SUBJECTS, createModel, reasonsOf };
})();
