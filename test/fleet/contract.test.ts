import { defaultNodeSettings } from '../../src/nodes/node-settings.ts';
import { createLocalTransport } from '../../src/transport/local.ts';
import { createSsh2Transport } from '../../src/transport/ssh2.ts';
import { fleet, requireFleet } from './fleet.ts';
import { startLocalSshd } from './local-sshd.ts';
import { describeTransport } from './transport-contract.ts';

const target = (host: string, local: boolean) => ({
  name: host,
  host,
  user: null,
  port: null,
  local,
  settings: defaultNodeSettings,
});

const here = {
  isAlive: async (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  },
  kill: async (pid: number) => void process.kill(pid, 'SIGKILL'),
};

describeTransport('local', { endsSilentCommands: true }, async () => {
  const transport = createLocalTransport(process.env);
  return { transport, target: target('localhost', true), ...here, tearDown: async () => transport.dispose() };
});

describeTransport('ssh2 to the sshd of an ordinary user', { endsSilentCommands: false }, async () => {
  const sshd = await startLocalSshd();
  const transport = createSsh2Transport({ sshConfigFile: sshd.sshConfigFile, environment: process.env });
  const tearDown = async () => {
    transport.dispose();
    await sshd.stop();
  };
  return { transport, target: target('here', false), ...here, tearDown };
});

if (fleet !== null) {
  describeTransport('ssh2 to a node', { endsSilentCommands: true }, async () => {
    const { sshConfigFile, exec } = requireFleet();
    const transport = createSsh2Transport({ sshConfigFile, environment: process.env });
    return {
      transport,
      target: target('n1', false),
      isAlive: async (pid) =>
        (await exec(1, `kill -0 ${pid} 2>/dev/null && echo yes || echo no`)).trim() === 'yes',
      kill: async (pid) => void (await exec(1, `kill -9 ${pid}`)),
      tearDown: async () => transport.dispose(),
    };
  });
}
