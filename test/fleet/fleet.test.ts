import { describe, expect, it } from 'vitest';
import { type Fault, fleet, requireFleet, runSsh } from './fleet.ts';

const login = (node: number, command: string) =>
  runSsh(['-F', requireFleet().sshConfigFile, '-o', 'ConnectTimeout=2', `n${node}`, command]);

/** The test bed itself: what the other tests take for granted. */
describe.runIf(fleet)('the fleet', () => {
  it('gives every node its own name, address, /tmp and processes', async () => {
    await login(1, 'touch /tmp/only-here');
    const look = 'hostname; ls /tmp/only-here 2>&1; echo $SSH_CONNECTION | cut -d" " -f3';
    expect((await login(1, look)).stdout).toBe('n1\n/tmp/only-here\n10.78.0.11\n');
    expect((await login(2, look)).stdout).toMatch(/^n2\n.*No such file.*\n10\.78\.0\.12\n$/);
    expect((await requireFleet().pids(1)).length).toBeGreaterThan(1);
    await requireFleet().exec(1, 'rm /tmp/only-here');
  });

  it('has one node without Node.js, Python and curl', async () => {
    const { bareNode, exec } = requireFleet();
    const look = 'for p in node nodejs python3 curl wget; do command -v $p; done; command -v gunzip';
    expect(await exec(bareNode, look)).toBe('/usr/bin/gunzip\n');
  });

  it('leads nowhere else', async () => {
    expect(await requireFleet().exec(1, 'ip route')).not.toContain('default');
  });

  it.each<[Fault, string]>([
    ['cut', 'true'],
    ['drop', 'true'],
    ['hang', 'true'],
    ['kill', 'true'],
    ['tmp-read-only', 'touch /tmp/x'],
    ['tmp-full', 'echo x > /tmp/x'],
  ])('breaks and heals: %s', async (fault, command) => {
    const heal = await requireFleet().fault(3, fault);
    const broken = await login(3, command);
    await heal();
    expect(broken.code).not.toBe(0);
    expect(await login(3, `${command} && rm -f /tmp/x`)).toMatchObject({ code: 0 });
  });

  it('starts and stops further servers', async () => {
    const { startSshd, exec, sshConfigFile } = requireFleet();
    const sshd = await startSshd(1, 2222, ['Banner none']);
    expect((await runSsh(['-F', sshConfigFile, '-p', '2222', 'n1', 'echo in'])).stdout).toBe('in\n');
    await sshd.stop();
    expect(await exec(1, 'ps ax -o args | grep -c "[s]shd_config_2222"; true')).toBe('0\n');
  });
});
