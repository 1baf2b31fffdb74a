/** Asks on the terminal without showing what is typed. Resolves to null for Ctrl-C; to nothing for Ctrl-D. */
export function readSecret(question: string): Promise<string | null> {
  const { stdin, stdout } = process;
  // Before the question: whoever answers at once must not see it.
  stdin.setRawMode(true);
  stdout.write(question);
  stdin.setEncoding('utf8');
  stdin.resume();
  let typed = '';
  return new Promise((resolve) => {
    const finish = (answer: string | null) => {
      stdin.off('data', take).off('end', end);
      stdin.setRawMode(false);
      stdin.pause();
      stdout.write('\n');
      resolve(answer);
    };
    const end = () => finish('');
    const take = (text: string) => {
      for (const character of text) {
        if (character === '\r' || character === '\n') return finish(typed);
        if (character === '\u0003') return finish(null);
        if (character === '\u0004') return finish('');
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else if (character === '\u0015') typed = '';
        else if (character >= ' ') typed += character;
      }
    };
    stdin.on('data', take);
    stdin.once('end', end);
  });
}

/** Whether there is somebody to ask. */
export function isOnTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}
