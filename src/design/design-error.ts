/** What is wrong with the design file, where, and what to do about it. */
export interface DesignFault {
  /** Counted from 1. */
  line: number;
  /** The start tag or marker at fault, shortened. */
  element: string;
  problem: string;
  remedy: string;
}

export class DesignError extends Error {
  override readonly name = 'DesignError';
  readonly fileName: string;
  readonly line: number;
  readonly element: string;
  readonly remedy: string;

  constructor(fileName: string, fault: DesignFault) {
    super(`${fileName}:${fault.line}: ${fault.element}: ${fault.problem} ${fault.remedy}`);
    this.fileName = fileName;
    this.line = fault.line;
    this.element = fault.element;
    this.remedy = fault.remedy;
  }
}

/** Thrown inside the compiler, where the file's name is not known. */
export class DesignFaultError extends Error {
  readonly fault: DesignFault;
  constructor(fault: DesignFault) {
    super(fault.problem);
    this.fault = fault;
  }
}

/** Number of the line, counted from 1, that holds the character at `offset`. */
export function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let at = source.indexOf('\n'); at >= 0 && at < offset; at = source.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** Never returns. `offset` is where the element or marker begins. */
export function failAt(
  source: string,
  offset: number,
  element: string,
  problem: string,
  remedy: string,
): never {
  const shown = element.length > 80 ? `${element.slice(0, 77)}…` : element;
  throw new DesignFaultError({
    line: lineAt(source, offset),
    element: shown.replace(/\s+/g, ' '),
    problem,
    remedy,
  });
}
