import type { z } from 'zod';

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text in quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list in square brackets',
};

function atLeast({ origin, minimum }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string {
  if (origin === 'string')
    return Number(minimum) === 1 ? 'must not be empty' : `must have ${minimum} characters or more`;
  if (origin === 'array') return `must name ${minimum} or more`;
  return `must be ${minimum} or more`;
}

function atMost({ origin, maximum }: z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>): string {
  if (origin === 'string') return `must have ${maximum} characters or fewer`;
  if (origin === 'array') return `must name ${maximum} or fewer`;
  return `must be ${maximum} or less`;
}

/** What a value must be that a schema refuses without words of its own. Given to a schema as its error map. */
export function issueWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? 'something else'}`;
    case 'too_small':
      return atLeast(issue);
    case 'too_big':
      return atMost(issue);
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`;
    default:
      return 'cannot be used here';
  }
}
